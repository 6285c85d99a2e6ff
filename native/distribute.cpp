// The exact distribution of a circuit with events: every branch is walked, with its weight.
//
// A measurement or a reset parts a branch in two where both outcomes have weight. The lighter one
// walks on in a copy, the heavier in place: so the weight at least halves from copy to copy, and few
// live at once. Too many branches are given up: shots are cheaper then.

#include "control.h"
#include "halves.h"
#include "reading.h"

namespace kw {

namespace {

constexpr int SHARED_FROM = 18; // from so many qubits threads share one register

struct Branch {
    int group;
    u64 record;
    double weight;
    i64 loops;
};

template <class T> struct Tree {
    const Plan *plan;
    const kw_branches *wanted;
    const Reading *reading;
    Machine<T> machine;
    Team *team;
    Arena *arena;
    i64 row, branches, length;
    T *root;
    T *spares[80];
    int spare_count;
    double *sums, *block, *halves;
    u64 read_mask; // bits of the record that the final reads write
    bool given_up;

    void open(Arena &a, const Plan &p, const Reading &r, const kw_branches &w, Team *t) {
        plan = &p;
        wanted = &w;
        reading = &r;
        team = t;
        arena = &a;
        machine.open(a, p, t);
        root = a.array<T>(2 * amplitudes(p.qubits));
        sums = a.array<double>(r.blocks());
        block = a.array<double>(1 << BLOCK);
        halves = a.array<double>(2 * ((amplitudes(p.qubits) / CHUNK) + 1));
        for (int j = 0; j < w.read_starts[p.reads]; j++) read_mask |= ONE << w.read_slots[j];
    }

    void each(i64 items, void (*work)(void *, i64, int), void *context) {
        if (team)
            team->each(items, work, context);
        else
            for (i64 i = 0; i < items; i++) work(context, i, 0);
    }

    void run_row(i64 number) {
        row = number;
        branches = 1;
        length = 0;
        given_up = false;
        machine.prepare(row);
        machine.start(root);
        walk(root, {0, 0, 1, 0});
        wanted->lengths[row] = given_up ? -1 : length;
    }

    void walk(T *state, Branch at) {
        while (!given_up && at.weight > wanted->floor) {
            int stop = at.group;
            while (stop < plan->group_count && plan->groups[stop].how != How::EVENT) stop++;
            machine.run(state, state, at.group, stop, {-1, nullptr});
            at.group = stop;
            if (stop == plan->group_count) return leaf(state, at);
            const Op &op = plan->ops[plan->groups[stop].first];
            if (op.code >= KW_JUMP)
                decide(op, at);
            else
                part(state, op, at);
        }
    }

    void decide(const Op &op, Branch &at) {
        int from = at.group++;
        bool zero = op.slot < 0 || !evaluate(*wanted->control, op.slot, &at.record);
        if (op.code == KW_ASSIGN || !zero) return;
        at.group = plan->ops[op.data].group;
        if (at.group <= from && ++at.loops > wanted->control->most_loops) given_up = true;
    }

    void part(T *state, const Op &op, Branch &at) {
        Halves<T> h = {nullptr, state, (i64)amplitudes(plan->qubits), op.qubits, halves, {1, 1}};
        each(h.chunks(), Halves<T>::sum, &h);
        double weight[2] = {0, 0};
        for (i64 c = 0; c < h.chunks(); c++)
            for (int b = 0; b < 2; b++) weight[b] += h.sums[2 * c + b];
        double total = weight[0] + weight[1];
        at.group++;
        bool heavy = weight[1] > weight[0];
        double rest = at.weight * weight[!heavy] / total;
        if (rest > wanted->floor) {
            if (++branches > wanted->most) return give_up();
            T *copy = spare_count ? spares[--spare_count]
                                  : (T *)arena->try_take(2 * sizeof(T) * amplitudes(plan->qubits));
            if (!copy) return give_up();
            walk(copy, chosen(copy, op, h, at, !heavy, weight[!heavy] / total));
            if (spare_count < 80) spares[spare_count++] = copy;
        }
        at = chosen(state, op, h, at, heavy, weight[heavy] / total);
    }

    void give_up() { given_up = true; }

    // The branch in which an event gave `one`, with its state.
    Branch chosen(T *to, const Op &op, Halves<T> h, Branch at, bool one, double share) {
        double factor = 1 / __builtin_sqrt(share);
        h.to = to;
        h.factors[0] = (T)(one ? 0 : factor);
        h.factors[1] = (T)(one ? factor : 0);
        bool falls = one && op.code == KW_RESET;
        each(h.chunks(), falls ? Halves<T>::fall : Halves<T>::scale, &h);
        if (op.code == KW_MEASURE && op.slot >= 0) write_bit(&at.record, op.slot, one);
        at.weight *= share;
        return at;
    }

    void leaf(const T *state, const Branch &at) {
        block_sums(*reading, state, team, sums);
        double total = 0;
        for (i64 b = 0; b < reading->blocks(); b++) total += sums[b];
        for (i64 b = 0; b < reading->blocks(); b++) {
            if (!(at.weight * sums[b] > wanted->floor * total)) continue;
            reading->block(state, b, block);
            for (int i = 0; i < reading->block_size(); i++) {
                double p = at.weight * block[i] / total;
                if (!(p > wanted->floor)) continue;
                if (length == wanted->room) return give_up();
                u64 record = at.record & ~read_mask;
                for (u64 bits = (u64)b << BLOCK | (u64)i; bits; bits &= bits - 1)
                    for (int j = wanted->read_starts[lowest(bits)]; j < wanted->read_starts[lowest(bits) + 1]; j++)
                        record |= ONE << wanted->read_slots[j];
                wanted->records[row * wanted->room + length] = record;
                wanted->weights[row * wanted->room + length++] = p;
            }
        }
    }

    static void run(void *context, i64 number, int worker) { ((Tree *)context)[worker].run_row(number); }
};

template <class T>
void distribute(Arena &arena, const kw_program *program, const kw_branches *wanted, Team &team) {
    Plan plan;
    make_plan(plan, arena, program, nullptr, Tiling<T>::TILE, Tiling<T>::RUN, true);
    Reading *reading = arena.array<Reading>(1);
    reading->open(plan);
    bool share = plan.qubits >= SHARED_FROM || wanted->rows == 1;
    int workers = share ? 1 : team.size;
    if (workers > wanted->rows) workers = (int)wanted->rows;
    Tree<T> *trees = arena.zeros<Tree<T>>(workers);
    for (int i = 0; i < workers; i++) trees[i].open(arena, plan, *reading, *wanted, share ? &team : nullptr);
    if (share)
        for (i64 row = 0; row < wanted->rows; row++) Tree<T>::run(trees, row, 0);
    else
        team.each(wanted->rows, Tree<T>::run, trees);
}

} // namespace

} // namespace kw

#include "call.h"

using namespace kw;

extern "C" int kw_distribute(const kw_program *program, const kw_branches *branches) {
    KW_CALL(branches->threads, branches->single ? distribute<float>(arena, program, branches, team)
                                                : distribute<double>(arena, program, branches, team))
}
