#include "plan.h"

namespace kw {

// Cycles per vector of a dense matrix on k qubits, as measured with AVX2 on a tile in the second
// cache; the same where every number is real or imaginary; a table; a call, in cycles.
static const float DENSE_COST[] = {0, 2.9f, 4.7f, 8.8f, 16.5f, 31};
static const float HALF_COST[] = {0, 2.3f, 2.5f, 6, 16.5f, 31};
static const float TABLE_COST = 2.4f;
static const float CALL_COST = 150;

namespace {

struct Planner {
    Plan &plan;
    Arena &arena;
    const kw_program *program;
    bool reused;
    bool errors;
    int *last;     // group that last touched a qubit, or -1
    int *waiting;  // first of the one-qubit operations that wait for a group on a qubit, or -1
    int *waiting_end;
    Group held;    // phases that are gathered until something else touches their qubits
    int lonely;    // a group of one simple matrix on one qubit, which a second may join, or -1

    float call() const { return CALL_COST / (float)(ONE << (plan.qubits > 1 ? plan.qubits - 1 : 0)); }

    float dense_cost(const Group &g) const {
        if (g.width > MAX_DENSE) return 1e30f;
        // Two mixing gates on one qubit make full numbers of halves: a guess, which costs only time.
        bool half = !g.full && g.mixing <= g.width;
        float cost = (half ? HALF_COST : DENSE_COST)[g.width] + call();
        if (!reused) {
            int excess = 2 * g.width - plan.qubits;
            float share = excess > 0 ? (float)(ONE << excess) : 1 / (float)(ONE << -excess);
            cost += (float)g.count * call() + g.sum * share;
        }
        return cost;
    }
    float table_cost(const Group &g) const {
        if (!g.phases || g.width > MAX_DIAGONAL) return 1e30f;
        return TABLE_COST + call() * (2 + (reused ? 0 : (float)g.count * (float)(1 << g.width) * .1f));
    }
    float list_cost(const Group &g) const { return g.sum + (float)g.count * call(); }
    float cost(const Group &g) const {
        float d = dense_cost(g), t = table_cost(g), l = list_cost(g);
        return d < t ? (d < l ? d : l) : (t < l ? t : l);
    }
    How how(const Group &g) const {
        float d = dense_cost(g), t = table_cost(g), l = list_cost(g);
        if (l <= d && l <= t) return How::LIST;
        return d <= t ? How::DENSE : How::TABLE;
    }

    static bool may_join(const Group &g) { return g.width <= (g.phases ? MAX_DIAGONAL : MAX_DENSE); }

    static Group joined(const Group &g, const Group &h) {
        Group out = g;
        out.qubits |= h.qubits;
        out.moved |= h.moved;
        out.width = count_bits(out.qubits);
        out.count += h.count;
        out.sum += h.sum;
        out.phases = g.phases && h.phases;
        out.full = g.full || h.full;
        out.mixing = g.mixing + h.mixing;
        return out;
    }

    Group alone(int op) const {
        const Op &o = plan.ops[op];
        Group g;
        memset(&g, 0, sizeof g);
        g.qubits = o.qubits;
        g.moved = o.moved;
        g.first = g.last = op;
        g.count = 1;
        g.width = count_bits(o.qubits);
        g.sum = o.cost;
        g.phases = o.phases;
        g.full = o.form == KW_FULL;
        g.mixing = o.form != KW_MONOMIAL;
        g.how = How::LIST;
        g.alive = 1;
        return g;
    }

    void append(Group &g, const Group &h) {
        Group out = joined(g, h);
        plan.ops[g.last].next = h.first;
        out.last = h.last;
        g = out;
    }

    // The group that `g` would join: the last to touch any of its qubits, or -1.
    int newest(u64 qubits) const {
        int out = -1;
        for (u64 rest = qubits; rest; rest &= rest - 1) {
            int at = last[lowest(rest)];
            out = at > out ? at : out;
        }
        return out;
    }

    // Joining must pay, unless the group already has the qubits.
    bool pays(const Group &g, const Group &h) const {
        if (g.how == How::EVENT || h.how == How::EVENT) return false;
        Group both = joined(g, h);
        if (!may_join(both) || !may_join(g)) return false;
        float gain = cost(g) + cost(h) - cost(both);
        return both.qubits == g.qubits ? gain >= -1e-3f : gain > 0.1f;
    }

    // Only the qubits that have just been added: others of the group may have been touched since.
    void touch(int group, u64 qubits) {
        for (u64 rest = qubits; rest; rest &= rest - 1) last[lowest(rest)] = group;
    }

    Group take_waiting(int qubit) {
        Group g = alone(waiting[qubit]);
        for (int op = plan.ops[waiting[qubit]].next; op >= 0;) {
            int next = plan.ops[op].next;
            plan.ops[op].next = -1;
            append(g, alone(op));
            op = next;
        }
        waiting[qubit] = -1;
        return g;
    }

    int start(const Group &g) {
        plan.groups[plan.group_count] = g;
        touch(plan.group_count, g.qubits);
        return plan.group_count++;
    }

    // The gathered phases are applied now.
    void release() {
        if (held.alive) start(held);
        memset((void *)&held, 0, sizeof held);
    }

    // What waits on a qubit is applied now. Two simple matrices side by side cost as much as one.
    void flush(int qubit) {
        if (waiting[qubit] < 0) return;
        if (held.qubits >> qubit & 1) release();
        Group g = take_waiting(qubit);
        bool simple = !g.full && !g.phases && g.mixing == 1;
        if (simple && lonely >= 0 && last[qubit] <= lonely && plan.groups[lonely].width == 1) {
            append(plan.groups[lonely], g);
            touch(lonely, g.qubits);
            lonely = -1;
            return;
        }
        int at = start(g);
        if (simple) lonely = at;
    }

    // Whether all that waits on a qubit has simple numbers, which phases would spoil.
    bool waits_simply(int qubit) const {
        for (int op = waiting[qubit]; op >= 0; op = plan.ops[op].next)
            if (plan.ops[op].form == KW_FULL) return false;
        return true;
    }

    // Diagonal operations: free in a matrix that is full anyway, else gathered in tables, so that
    // the matrices around them keep their simple numbers.
    bool add_phases(const Group &g) {
        for (u64 rest = g.qubits; rest; rest &= rest - 1)
            if (waiting[lowest(rest)] >= 0 && (g.width == 1 || !waits_simply(lowest(rest))))
                return false;
        for (u64 rest = g.qubits; rest; rest &= rest - 1) flush(lowest(rest));
        // Phases commute: they may join what comes before the gathered ones. Errors between do not.
        bool behind = !errors || !(g.qubits & held.qubits);
        int at = newest(g.qubits);
        if (behind && at >= 0 && plan.groups[at].how != How::EVENT) {
            Group both = joined(plan.groups[at], g);
            if (both.qubits == plan.groups[at].qubits && may_join(both) &&
                cost(both) < cost(plan.groups[at]) + 0.3f) {
                append(plan.groups[at], g);
                return true;
            }
        }
        if (held.alive) {
            Group both = joined(held, g);
            if (both.width <= MAX_DIAGONAL && cost(both) <= cost(held) + cost(g) + 1e-3f) {
                append(held, g);
                return true;
            }
        }
        if (behind && g.width > 1 && at >= 0 && pays(plan.groups[at], g)) return false;
        release();
        held = g;
        return true;
    }

    void add(int op) {
        Op &o = plan.ops[op];
        Group g = alone(op);
        bool event = o.code >= KW_MEASURE;
        if (event) g.how = How::EVENT;
        if (g.phases && add_phases(g)) return;
        if (g.width == 1 && !event) {
            int q = lowest(o.qubits), at = last[q];
            bool free = waiting[q] < 0 && !(held.qubits >> q & 1);
            if (free && at >= 0 && pays(plan.groups[at], g)) {
                append(plan.groups[at], g);
                return;
            }
            if (waiting[q] < 0)
                waiting[q] = op;
            else
                plan.ops[waiting_end[q]].next = op;
            waiting_end[q] = op;
            return;
        }
        // What was gathered on its qubits comes first, unless it commutes and nothing stands between.
        bool waits = false;
        for (u64 rest = g.qubits; rest; rest &= rest - 1) waits |= waiting[lowest(rest)] >= 0;
        if ((g.qubits & held.qubits) && (waits || !g.phases)) release();
        // Then what waits on them, in the same group if that may be.
        bool narrow = !event && g.width <= MAX_DENSE;
        Group whole = g;
        bool begun = false;
        for (u64 rest = g.qubits; rest; rest &= rest - 1) {
            int q = lowest(rest);
            if (waiting[q] < 0) continue;
            if (!narrow) {
                flush(q);
                continue;
            }
            Group before = take_waiting(q);
            if (begun)
                append(whole, before);
            else
                whole = before;
            begun = true;
        }
        if (begun) append(whole, g);
        int at = newest(whole.qubits);
        if (at >= 0 && !event && pays(plan.groups[at], whole)) {
            append(plan.groups[at], whole);
            touch(at, whole.qubits);
        } else
            start(whole);
    }

    // Merge whole groups while that pays.
    void merge() {
        for (int q = 0; q < plan.qubits; q++) last[q] = -1;
        for (int g = 0; g < plan.group_count; g++) {
            Group &group = plan.groups[g];
            int at = newest(group.qubits);
            if (at >= 0 && pays(plan.groups[at], group)) {
                append(plan.groups[at], group);
                group.alive = 0;
                touch(at, group.qubits);
            } else
                touch(g, group.qubits);
        }
        int kept = 0;
        for (int g = 0; g < plan.group_count; g++)
            if (plan.groups[g].alive) plan.groups[kept++] = plan.groups[g];
        plan.group_count = kept;
    }

    // Decide how each group is applied. A dense matrix moves all of its qubits.
    void settle() {
        for (int g = 0; g < plan.group_count; g++) {
            Group &group = plan.groups[g];
            if (group.how == How::EVENT) continue;
            group.how = how(group);
            if (errors && group.phases && group.width <= MAX_DIAGONAL) group.how = How::TABLE;
            // A list that may meet errors is a dense matrix when it does.
            if (group.how == How::DENSE ||
                (group.how == How::LIST && errors && group.width <= MAX_DENSE))
                group.moved = group.qubits;
        }
    }

    static bool fits(const Group &g, u64 inside, u64 blocked) {
        return !(g.qubits & blocked) && !(g.moved & ~inside) && g.how != How::EVENT;
    }

    // What a tile of these qubits gets done of the next groups.
    float gain(const int *rest, int count, u64 inside) const {
        u64 blocked = 0;
        float sum = 0;
        for (int i = 0; i < count; i++) {
            const Group &g = plan.groups[rest[i]];
            if (fits(g, inside, blocked))
                sum += 1 + cost(g);
            else
                blocked |= g.qubits;
        }
        return sum;
    }

    // Take in, again and again, what the next groups lack, whichever brings the most per qubit.
    u64 best_tile(const int *rest, int left, u64 inside, int tile) const {
        constexpr int AHEAD = 160, CHOICES = 24;
        int count = left < AHEAD ? left : AHEAD;
        float now = gain(rest, count, inside);
        for (;;) {
            u64 lacks[CHOICES], best = 0;
            int choices = 0;
            for (int i = 0; i < count && choices < CHOICES; i++) {
                u64 lack = plan.groups[rest[i]].moved & ~inside;
                bool known = !lack || count_bits(inside | lack) > tile;
                for (int c = 0; c < choices; c++) known |= lacks[c] == lack;
                if (!known) lacks[choices++] = lack;
            }
            float most = 0, then = now;
            for (int c = 0; c < choices; c++) {
                float all = gain(rest, count, inside | lacks[c]);
                float each = (all - now) / (float)count_bits(lacks[c]);
                if (each > most) {
                    most = each;
                    best = lacks[c];
                    then = all;
                }
            }
            if (!best) return inside;
            inside |= best;
            now = then;
        }
    }

    // Cut the groups into passes; reorders them, never two that share a qubit.
    void cut(int tile, int run) {
        int n = plan.qubits, total = plan.group_count;
        Group *sorted = arena.array<Group>(total);
        plan.passes = arena.array<Pass>(total + 1);
        plan.pass_count = 0;
        if (n <= tile) {
            // One tile holds everything: order stays, events only end a pass.
            Pass whole = {0, total, n, n ? (~(u64)0 >> (64 - n)) : 0};
            plan.passes[plan.pass_count++] = whole;
            return;
        }
        int *rest = arena.array<int>(total);
        int left = total, done = 0;
        for (int g = 0; g < total; g++) rest[g] = g;
        u64 everything = (ONE << n) - 1;
        while (left) {
            Pass pass = {done, done, 0, (ONE << run) - 1};
            const Group &head = plan.groups[rest[0]];
            int kept = 0, i = 0;
            if (head.how == How::EVENT || count_bits(pass.qubits | head.moved) > tile) {
                // An event, or something too wide for a tile: by itself, on the whole register.
                pass.qubits = everything;
                sorted[done++] = head;
                i = 1;
            } else
                pass.qubits = best_tile(rest, left, pass.qubits, tile);
            u64 blocked = pass.qubits == everything ? everything : 0;
            for (; i < left && blocked != everything; i++) {
                const Group &g = plan.groups[rest[i]];
                if (fits(g, pass.qubits, blocked))
                    sorted[done++] = g;
                else {
                    blocked |= g.qubits;
                    rest[kept++] = rest[i];
                }
            }
            memmove(rest + kept, rest + i, (size_t)(left - i) * sizeof(int));
            left = kept + left - i;
            pass.end = done;
            // Fill the tile up from below: longer runs of memory.
            for (int q = 0; q < n && count_bits(pass.qubits) < tile; q++) pass.qubits |= ONE << q;
            pass.width = count_bits(pass.qubits);
            plan.passes[plan.pass_count++] = pass;
        }
        plan.groups = sorted;
    }
};

float op_cost(const Op &o, int targets, int controls) { // alone, in cycles per vector
    float part = 1 / (float)(ONE << (controls < 60 ? controls : 60));
    float x = 0;
    for (int t = 0; t < o.terms * targets; t++) x += o.letters && (o.letters[t] == 1 || o.letters[t] == 2);
    switch (o.code) {
    case KW_MATRIX:
        if (targets == 1 && o.form == KW_MONOMIAL) return 1.5f * part + 0.1f;
        return (o.form == KW_FULL ? DENSE_COST : HALF_COST)[targets] * part + 0.2f;
    case KW_DIAGONAL: return (targets == 1 ? 1.2f : 2.4f) * part + 0.1f;
    case KW_ROTATION: return x > 0 ? 3.5f : 3.9f;
    case KW_PAULI_SUM: return 60 + 60 * (float)o.terms;
    }
    return 0;
}

} // namespace

static void read_ops(Plan &plan, Arena &arena, const kw_program *program, const kw_noise *noise) {
    int n = program->qubits, perm[MAX_QUBITS];
    for (int q = 0; q < n; q++) perm[q] = q;
    plan.ops = arena.array<Op>(program->ops);
    int *operands = arena.array<int>(program->operand_starts[program->ops]);
    int sites = noise ? noise->sites : 0, site = 0;
    int *first = arena.array<int>(sites), *second = arena.array<int>(sites);
    for (int i = 0; i < program->ops; i++) {
        Op &o = plan.ops[i];
        int start = program->operand_starts[i], end = program->operand_starts[i + 1];
        int controls = program->controls[i];
        memset(&o, 0, sizeof o);
        o.next = o.group = -1;
        o.code = program->codes[i];
        o.targets = (uint8_t)(end - start - controls);
        o.slot = program->slots[i];
        if (o.code == KW_SWAP) {
            int a = program->operands[start], b = program->operands[start + 1];
            int held = perm[a];
            perm[a] = perm[b];
            perm[b] = held;
        }
        for (int j = start; j < end; j++) {
            operands[j] = perm[program->operands[j]];
            (j - start < controls ? o.controls : o.moved) |= ONE << operands[j];
        }
        for (; site < sites && noise->ops[site] == i; site++) {
            first[site] = perm[noise->first[site]];
            second[site] = noise->second[site] < 0 ? -1 : perm[noise->second[site]];
        }
        o.qubits = o.controls | o.moved;
        o.at = operands + start + controls;
        o.terms = program->terms[i];
        o.letters = program->letters + program->letter_starts[i];
        o.data = program->data[i];
        o.varies = program->varies[i];
        o.phases = o.code == KW_DIAGONAL;
        o.form = program->forms[i];
        if (o.code == KW_ROTATION || o.code == KW_PAULI_SUM) {
            u64 moved = 0;
            for (int t = 0; t < o.terms * o.targets; t++)
                if (o.letters[t] == 1 || o.letters[t] == 2) moved |= ONE << o.at[t % o.targets];
            o.moved = moved;
            o.phases = moved == 0 && o.code == KW_ROTATION;
        }
        if (o.phases) o.moved = 0;
        // What control may be reached from or lead to is never fused or put in another order.
        if (o.code >= KW_JUMP) o.qubits = o.moved = n ? ~(u64)0 >> (64 - n) : 0;
        plan.sums |= o.code == KW_PAULI_SUM;
        o.cost = op_cost(o, o.targets, controls);
    }
    plan.reads = program->reads;
    for (int j = 0; j < program->reads; j++) plan.read_at[j] = perm[program->read_qubits[j]];
    plan.site_first = first;
    plan.site_second = second;
    plan.op_count = program->ops;
}

void make_plan(Plan &plan, Arena &arena, const kw_program *program, const kw_noise *noise, int tile,
               int run, bool reused) {
    memset((void *)&plan, 0, sizeof plan);
    plan.qubits = program->qubits;
    plan.program = program;
    read_ops(plan, arena, program, noise);
    plan.groups = arena.array<Group>(plan.op_count + 1);
    Planner planner = {plan, arena, program, reused, noise && noise->sites,
                       nullptr, nullptr, nullptr, {}, -1};
    int n = plan.qubits;
    planner.last = arena.array<int>(n);
    planner.waiting = arena.array<int>(n);
    planner.waiting_end = arena.array<int>(n);
    for (int q = 0; q < n; q++) planner.last[q] = planner.waiting[q] = -1;
    for (int i = 0; i < plan.op_count; i++)
        if (plan.ops[i].code != KW_SWAP) planner.add(i);
    for (int q = 0; q < n; q++) planner.flush(q);
    planner.release();
    planner.merge();
    planner.settle();
    planner.cut(tile, run);
    for (int p = 0; p < plan.pass_count; p++)
        for (int g = plan.passes[p].first; g < plan.passes[p].end; g++) {
            Group &group = plan.groups[g];
            group.pass = p;
            int rank = 0;
            for (int op = group.first; op >= 0; op = plan.ops[op].next) {
                plan.ops[op].group = g;
                plan.ops[op].rank = rank++;
            }
            if (group.how == How::EVENT || group.width > MAX_DIAGONAL) continue;
            int k = 0;
            for (u64 rest = group.qubits; rest; rest &= rest - 1) group.at[k++] = (int8_t)lowest(rest);
            if (group.how == How::LIST) continue;
            group.matrix = plan.numbers;
            plan.numbers += group.how == How::DENSE ? ONE << (2 * k) : ONE << k;
        }
}

} // namespace kw
