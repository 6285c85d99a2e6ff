// Shots of circuits in which something happens on the way: errors, measurements, resets.
//
// The errors of every shot are drawn first; they do not depend on the state. Shots are then sorted by
// what happens to them and walked as a tree: shots run together until they differ, and only there
// is the register copied. The largest part goes on in place, so at most log2(shots) copies live at
// once. What a shot gives depends on its own random numbers alone, never on its company.

#include "reading.h"

namespace kw {

namespace {

constexpr int SHARED_FROM = 18; // from so many qubits threads share one register
constexpr int NONE = 1 << 30;

struct Shots {
    i64 *starts;   // shots + 1: the errors of each shot
    Error *errors; // in the order of groups and ranks
    i64 *order;    // shots sorted by their errors
};

int compare(const Error &a, const Error &b) {
    if (a.group != b.group) return a.group < b.group ? -1 : 1;
    if (a.rank != b.rank) return a.rank < b.rank ? -1 : 1;
    if (a.x != b.x) return a.x < b.x ? -1 : 1;
    if (a.z != b.z) return a.z < b.z ? -1 : 1;
    return 0;
}

// Shots with fewer errors come last: those without any are what all others leave.
int compare_shots(const Shots &s, i64 a, i64 b) {
    i64 i = s.starts[a], j = s.starts[b];
    for (;; i++, j++) {
        bool more_a = i < s.starts[a + 1], more_b = j < s.starts[b + 1];
        if (!more_a || !more_b) return more_a ? -1 : more_b ? 1 : a < b ? -1 : a > b;
        int order = compare(s.errors[i], s.errors[j]);
        if (order) return order;
    }
}

void sort_shots(const Shots &s, i64 *order, i64 *spare, i64 count) {
    for (i64 width = 1; width < count; width *= 2) {
        for (i64 start = 0; start < count; start += 2 * width) {
            i64 middle = start + width < count ? start + width : count;
            i64 end = middle + width < count ? middle + width : count;
            i64 i = start, j = middle;
            for (i64 k = start; k < end; k++)
                spare[k] = i < middle && (j == end || compare_shots(s, order[i], order[j]) < 0)
                               ? order[i++]
                               : order[j++];
        }
        memcpy(order, spare, sizeof(i64) * (size_t)count);
    }
}

void add_letter(int letter, int qubit, Error &e) { // 1..3 for X Y Z
    if (letter == 1 || letter == 2) e.x ^= ONE << qubit;
    if (letter == 2 || letter == 3) e.z ^= ONE << qubit;
}

constexpr int STRETCH = 128; // sites that one draw looks over: few enough that no odds underflow

// Walks the sites of one shot. Within a stretch of sites `reach[i]` is the odds that no site of it
// before i errs, and `passed[i]` that neither does site i.
struct ErrorDraws {
    const Plan &plan;
    const kw_noise &noise;
    const double *reach;
    const double *passed;
    u64 seed;

    // Calls found(site, letters) for every error of a shot.
    template <class F> void of_shot(i64 shot, F found) const {
        u32 draw = 0;
        for (int site = 0; site < noise.sites; draw++) {
            int end = (site / STRETCH + 1) * STRETCH;
            if (end > noise.sites) end = noise.sites;
            // The next error is at the first site that is passed with odds less than u.
            double u = (1 - unit(random_bits(seed, ERRORS, (u64)shot, draw))) * reach[site];
            int low = site, high = end;
            while (low < high) {
                int middle = (low + high) / 2;
                if (passed[middle] < u)
                    high = middle;
                else
                    low = middle + 1;
            }
            site = low;
            if (low == end) continue;
            u64 bits = random_bits(seed, ERRORS, (u64)shot, ++draw) >> 32;
            int paulis = plan.site_second[low] < 0 ? 3 : 15;
            found(low, 1 + (int)(bits * (u64)paulis >> 32));
            site = low + 1;
        }
    }

    Error error(int site, int letters) const {
        const Op &op = plan.ops[noise.ops[site]];
        Error e = {op.group, op.rank, 0, 0};
        add_letter(letters & 3, plan.site_first[site], e);
        if (plan.site_second[site] >= 0) add_letter(letters >> 2, plan.site_second[site], e);
        return e;
    }
};

void draw_errors(Shots &s, Arena &arena, const ErrorDraws &draws, i64 shots) {
    i64 total = 0;
    for (i64 i = 0; i < shots; i++) {
        s.starts[i] = total;
        draws.of_shot(i, [&](int, int) { total++; });
    }
    s.starts[shots] = total;
    s.errors = arena.array<Error>((size_t)total);
    i64 at = 0;
    for (i64 i = 0; i < shots; i++) {
        i64 start = at;
        draws.of_shot(i, [&](int site, int letters) {
            Error e = draws.error(site, letters);
            i64 j = at++;
            for (; j > start && compare(e, s.errors[j - 1]) < 0; j--) s.errors[j] = s.errors[j - 1];
            s.errors[j] = e;
        });
    }
    i64 *spare = arena.array<i64>(shots);
    for (i64 i = 0; i < shots; i++) s.order[i] = i;
    sort_shots(s, s.order, spare, shots);
    arena.give(spare);
}

// ---------------------------------------------------------------- reading and collapsing one qubit

constexpr i64 CHUNK = 1 << 14; // amplitudes

template <class T> struct Halves {
    T *state;
    i64 size; // amplitudes
    u64 bit;
    double *sums; // two per chunk
    bool keep_one, to_zero;
    T factor;

    static i64 chunk(const Halves &h) { return h.size < CHUNK ? h.size : CHUNK; }

    static void sum(void *context, i64 number, int) {
        Halves &h = *(Halves *)context;
        double total[2] = {0, 0};
        for (i64 i = number * CHUNK, end = i + chunk(h); i < end; i++) {
            double re = h.state[2 * i], im = h.state[2 * i + 1];
            total[((u64)i & h.bit) != 0] += re * re + im * im;
        }
        h.sums[2 * number] = total[0];
        h.sums[2 * number + 1] = total[1];
    }

    static void collapse(void *context, i64 number, int) {
        Halves &h = *(Halves *)context;
        for (i64 i = number * CHUNK, end = i + chunk(h); i < end; i++) {
            bool one = ((u64)i & h.bit) != 0;
            T f = one == h.keep_one ? h.factor : 0;
            h.state[2 * i] *= f;
            h.state[2 * i + 1] *= f;
        }
    }
};

// ---------------------------------------------------------------- the walk

template <class T> struct Walk {
    const Plan *plan;
    const kw_sampling *wanted;
    const Reading *reading;
    const Shots *shots;
    Machine<T> machine;
    Team *team;
    Arena *arena;
    i64 row;
    T **free; // registers not in use
    int free_count;
    double *sums, *block, *halves;
    Draw *draws, *spare;
    i64 *part;
    bool out_of_memory;

    T *take_register() {
        if (free_count) return free[--free_count];
        T *state = (T *)arena->try_take(2 * sizeof(T) * amplitudes(plan->qubits));
        if (!state) out_of_memory = true;
        return state;
    }
    void give_register(T *state) { free[free_count++] = state; }

    u64 *record(i64 shot) const {
        return wanted->records + ((size_t)row * (size_t)wanted->shots + (size_t)shot) * (size_t)wanted->words;
    }

    i64 error_at(i64 shot, i64 seen) const { return shots->starts[shot] + seen; }

    int next_error(i64 shot, i64 seen) const {
        i64 at = error_at(shot, seen);
        return at < shots->starts[shot + 1] ? shots->errors[at].group : NONE;
    }

    i64 errors_in(i64 shot, i64 seen, int group) const {
        i64 count = 0;
        while (next_error(shot, seen + count) == group) count++;
        return count;
    }

    bool same_errors(i64 a, i64 b, i64 seen, int group) const {
        i64 count = errors_in(a, seen, group);
        if (count != errors_in(b, seen, group)) return false;
        for (i64 i = 0; i < count; i++)
            if (compare(shots->errors[error_at(a, seen + i)], shots->errors[error_at(b, seen + i)]))
                return false;
        return true;
    }

    void copy_state(T *to, const T *from) const {
        if (to != from) memcpy(to, from, 2 * sizeof(T) * amplitudes(plan->qubits));
    }

    // Groups from `group` to `end`, the first of them with the errors of `shot`.
    void run_with_errors(T *to, const T *from, int group, int end, i64 shot, i64 seen) {
        const Error *errors = shots->errors + error_at(shot, seen);
        int count = (int)errors_in(shot, seen, group);
        const Group &g = plan->groups[group];
        bool table = g.how == How::TABLE;
        if (table || g.width <= MAX_DENSE) {
            alignas(64) T matrix[2 << (2 * MAX_DENSE)];
            alignas(64) double scratch[6 << (2 * MAX_DENSE)];
            build_group<T>(*plan, g, row, errors, count, matrix, scratch);
            u64 flips = 0;
            for (int i = 0; table && i < count; i++) flips ^= errors[i].x;
            if (flips) {
                copy_state(to, from);
                machine.pauli(to, flips, 0);
                from = to;
            }
            machine.run(to, from, group, end, {group, matrix});
            return;
        }
        copy_state(to, from);
        machine.one_by_one(to, group, errors, count);
        machine.run(to, to, group + 1, end, {-1, nullptr});
    }

    int stop_before(i64 shot, i64 seen, int from) const { // next error or event
        int error = next_error(shot, seen);
        for (int g = from; g < plan->group_count && g < error; g++)
            if (plan->groups[g].how == How::EVENT) return g;
        return error < plan->group_count ? error : plan->group_count;
    }

    void each(i64 items, void (*work)(void *, i64, int), void *context) {
        if (team)
            team->each(items, work, context);
        else
            for (i64 i = 0; i < items; i++) work(context, i, 0);
    }

    // Shots order[0..count) have run to `group` in `state`, having met `seen` errors each.
    void walk(T *state, int group, i64 *order, i64 count, i64 seen) {
        while (!out_of_memory) {
            int stop = stop_before(order[0], seen, group);
            machine.run(state, state, group, stop, {-1, nullptr});
            group = stop;
            if (group == plan->group_count) {
                read(state, order, count);
                return;
            }
            if (plan->groups[group].how == How::EVENT)
                event(state, group, order, count, seen);
            else
                part_by_errors(state, group, order, count, seen);
            group = next_group;
            if (group < 0) return;
            order = next_order;
            count = next_count;
            seen = next_seen;
        }
    }

    // Where the walk goes on in place: the largest part. -1: nowhere.
    int next_group;
    i64 *next_order;
    i64 next_count, next_seen;

    void part_by_errors(T *state, int group, i64 *order, i64 count, i64 seen) {
        // Equal errors stand together; shots without an error here stand last.
        i64 best = 0, best_count = 0;
        for (i64 i = 0, j; i < count; i = j) {
            for (j = i + 1; j < count && same_errors(order[i], order[j], seen, group); j++) {
            }
            if (j - i > best_count) {
                best = i;
                best_count = j - i;
            }
        }
        for (i64 i = 0, j; i < count && !out_of_memory; i = j) {
            for (j = i + 1; j < count && same_errors(order[i], order[j], seen, group); j++) {
            }
            if (i == best) continue;
            T *copy = take_register();
            if (!copy) return stop_here();
            i64 more = errors_in(order[i], seen, group);
            int stop = more ? stop_before(order[i], seen + more, group + 1)
                            : stop_before(order[i], seen, group + 1);
            if (more)
                run_with_errors(copy, state, group, stop, order[i], seen);
            else
                machine.run(copy, state, group, stop, {-1, nullptr});
            walk(copy, stop, order + i, j - i, seen + more);
            give_register(copy);
        }
        i64 more = errors_in(order[best], seen, group);
        int stop = stop_before(order[best], seen + more, group + 1);
        if (more)
            run_with_errors(state, state, group, stop, order[best], seen);
        else
            machine.run(state, state, group, stop, {-1, nullptr});
        next_group = stop;
        next_order = order + best;
        next_count = best_count;
        next_seen = seen + more;
    }

    void stop_here() { next_group = -1; }

    void event(T *state, int group, i64 *order, i64 count, i64 seen) {
        const Op &op = plan->ops[plan->groups[group].first];
        Halves<T> h = {state, (i64)amplitudes(plan->qubits), op.qubits, halves, false, false, 1};
        i64 chunks = h.size > CHUNK ? h.size / CHUNK : 1;
        each(chunks, Halves<T>::sum, &h);
        double weight[2] = {0, 0};
        for (i64 c = 0; c < chunks; c++)
            for (int b = 0; b < 2; b++) weight[b] += h.sums[2 * c + b];
        double total = weight[0] + weight[1];
        // Zeros first, then ones, each in the order they had.
        i64 zeros = 0, ones = 0;
        u32 number = (u32)(&op - plan->ops);
        for (i64 i = 0; i < count; i++) {
            bool one = unit(random_bits(wanted->seeds[row], COLLAPSE, (u64)order[i], number)) * total <
                       weight[1];
            if (one) {
                part[ones++] = order[i];
                if (op.code == KW_MEASURE && op.slot >= 0)
                    record(order[i])[op.slot >> 6] |= ONE << (op.slot & 63);
            } else
                order[zeros++] = order[i];
        }
        memcpy(order + zeros, part, sizeof(i64) * (size_t)ones);
        bool reset = op.code == KW_RESET;
        bool larger = ones > zeros;
        i64 lesser = larger ? zeros : ones;
        if (lesser) {
            T *copy = take_register();
            if (!copy) return stop_here();
            memcpy(copy, state, 2 * sizeof(T) * amplitudes(plan->qubits));
            collapse(copy, h, chunks, !larger, weight[!larger] / total, reset);
            walk(copy, group + 1, order + (larger ? 0 : zeros), lesser, seen);
            give_register(copy);
        }
        collapse(state, h, chunks, larger, weight[larger] / total, reset);
        next_group = group + 1;
        next_order = order + (larger ? zeros : 0);
        next_count = larger ? ones : zeros;
        next_seen = seen;
    }

    void collapse(T *state, Halves<T> h, i64 chunks, bool one, double share, bool reset) {
        h.state = state;
        h.keep_one = one;
        h.factor = (T)(1 / __builtin_sqrt(share));
        each(chunks, Halves<T>::collapse, &h);
        if (reset && one) machine.pauli(state, h.bit, 0);
    }

    void read(const T *state, const i64 *order, i64 count) {
        if (!plan->reads) return;
        block_sums(*reading, state, team, sums);
        for (i64 i = 0; i < count; i++)
            draws[i] = {random_bits(wanted->seeds[row], SAMPLE, (u64)order[i], 0), order[i]};
        // Ties of 64 random bits go by the shot, so put shots in order first.
        sort_draws(draws, spare, count);
        sample(*reading, state, sums, draws, count, block, put, this);
    }

    static void put(void *context, i64 shot, u64 outcome, double) {
        Walk &w = *(Walk *)context;
        u64 *record = w.record(shot);
        const kw_sampling *s = w.wanted;
        for (u64 rest = outcome; rest; rest &= rest - 1)
            for (int j = s->read_starts[lowest(rest)]; j < s->read_starts[lowest(rest) + 1]; j++)
                record[s->read_slots[j] >> 6] |= ONE << (s->read_slots[j] & 63);
    }
};

template <class T> struct Parts {
    Walk<T> *walks;
    i64 *starts; // parts + 1
    i64 *order;

    static void run(void *context, i64 number, int) {
        Parts &p = *(Parts *)context;
        Walk<T> &w = p.walks[number];
        i64 start = p.starts[number], count = p.starts[number + 1] - start;
        if (!count) return;
        T *state = w.take_register();
        if (!state) return;
        w.machine.start(state);
        w.walk(state, 0, p.order + start, count, 0);
        w.give_register(state);
    }
};

// Cut the shots into parts of about the same work: a shot's own work is what follows its first error.
void share_out(const Plan &plan, const Shots &s, i64 shots, int parts, i64 *starts) {
    auto work = [&](i64 i) {
        i64 shot = s.order[i];
        if (s.starts[shot] == s.starts[shot + 1]) return (i64)0;
        return (i64)(plan.group_count - s.errors[s.starts[shot]].group) + 1;
    };
    i64 total = 0, passed = 0;
    for (i64 i = 0; i < shots; i++) total += work(i);
    bool events = false;
    for (int g = 0; g < plan.group_count; g++) events |= plan.groups[g].how == How::EVENT;
    int part = 0;
    starts[0] = 0;
    for (i64 i = 0; i < shots; i++) {
        // With events, every shot is its own branch soon: share by number.
        i64 at = events ? i * parts / shots : (total ? passed * parts / total : 0);
        while (part < at && part < parts - 1) starts[++part] = i;
        passed += work(i);
    }
    while (part < parts) starts[++part] = shots;
}

void flip_readout(const kw_sampling *s, const kw_noise *noise, i64 row) {
    if (!(noise->readout > 0)) return;
    for (i64 shot = 0; shot < s->shots; shot++) {
        u64 *record = s->records + ((size_t)row * (size_t)s->shots + (size_t)shot) * (size_t)s->words;
        for (int slot = 0; slot < s->slots; slot++)
            if (unit(random_bits(s->seeds[row], READOUT, (u64)shot, (u32)slot)) < noise->readout)
                record[slot >> 6] ^= ONE << (slot & 63);
    }
}

template <class T>
void branch(Arena &arena, const kw_program *program, const kw_noise *noise, const kw_sampling *wanted,
            Team &team) {
    Plan plan;
    make_plan(plan, arena, program, noise, Tiling<T>::TILE, Tiling<T>::RUN, true);
    Reading *reading = arena.array<Reading>(1);
    reading->open(plan);
    bool share = plan.qubits >= SHARED_FROM;
    int parts = share ? 1 : team.size;
    if (parts > wanted->shots) parts = (int)wanted->shots;
    double *reach = arena.array<double>(noise->sites), *passed = arena.array<double>(noise->sites);
    for (int i = 0; i < noise->sites; i++) {
        reach[i] = i % STRETCH ? passed[i - 1] : 1;
        passed[i] = reach[i] * (1 - noise->odds[i]);
    }
    Walk<T> *walks = arena.zeros<Walk<T>>(parts);
    i64 *starts = arena.array<i64>(parts + 1);
    i64 chunks = (i64)(amplitudes(plan.qubits) / CHUNK) + 1;
    for (int i = 0; i < parts; i++) {
        Walk<T> &w = walks[i];
        w.plan = &plan;
        w.wanted = wanted;
        w.reading = reading;
        w.team = share ? &team : nullptr;
        w.machine.open(arena, plan, w.team);
        w.free = arena.array<T *>(80);
        w.sums = arena.array<double>(reading->blocks());
        w.block = arena.array<double>(1 << BLOCK);
        w.halves = arena.array<double>(2 * chunks);
        w.draws = arena.array<Draw>(wanted->shots);
        w.spare = arena.array<Draw>(wanted->shots);
        w.part = arena.array<i64>(wanted->shots);
        w.arena = &arena;
    }
    bool failed = false;
    for (i64 row = 0; row < wanted->rows && !failed; row++) {
        Shots shots;
        shots.starts = arena.array<i64>(wanted->shots + 1);
        shots.order = arena.array<i64>(wanted->shots);
        draw_errors(shots, arena, {plan, *noise, reach, passed, wanted->seeds[row]}, wanted->shots);
        for (int i = 0; i < parts; i++) {
            walks[i].shots = &shots;
            walks[i].row = row;
            walks[i].machine.prepare(row);
        }
        share_out(plan, shots, wanted->shots, parts, starts);
        Parts<T> work = {walks, starts, shots.order};
        if (share)
            Parts<T>::run(&work, 0, 0);
        else
            team.each(parts, Parts<T>::run, &work);
        for (int i = 0; i < parts; i++) failed |= walks[i].out_of_memory;
        flip_readout(wanted, noise, row);
        arena.give(shots.errors);
        arena.give(shots.starts);
        arena.give(shots.order);
    }
    if (failed) longjmp(arena.failed, 1);
}

} // namespace

} // namespace kw

#include "call.h"

using namespace kw;

extern "C" int kw_branch(const kw_program *program, const kw_noise *noise, const kw_sampling *sampling) {
    KW_CALL(sampling->threads, sampling->single
                                   ? branch<float>(arena, program, noise, sampling, team)
                                   : branch<double>(arena, program, noise, sampling, team))
}
