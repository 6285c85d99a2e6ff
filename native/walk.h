// The walk of shots through a circuit: together until something parts them. See branch.cpp.
#pragma once

#include "acting.h"
#include "control.h"
#include "errors.h"
#include "halves.h"
#include "reading.h"

namespace kw {

constexpr int NONE = 1 << 30;

// Whether a group is a jump or an assignment.
inline bool decides(const Plan &plan, int group) {
    if (group == plan.group_count || plan.groups[group].how != How::EVENT) return false;
    return plan.ops[plan.groups[group].first].code >= KW_JUMP;
}

// ---------------------------------------------------------------- the walk

template <class T> struct Walk {
    const Plan *plan;
    const kw_sampling *wanted;
    const kw_noise *noise;
    const Reading *reading;
    const Shots *shots;
    const Squares *squares;
    Machine<T> machine;
    Team *team;
    Arena *arena;
    i64 row;
    T **free; // registers not in use
    int free_count;
    double *sums, *block, *halves, *densities;
    Draw *draws, *spare;
    i64 *part;
    bool out_of_memory;

    // With control alone:
    kw_control *control;
    const ErrorDraws *errors;
    const int *segments;   // the segment that each group is in
    const int *site_starts; // the sites of each segment
    u32 *visits;           // of each shot
    i64 *loops;            // jumps backwards of each shot
    Shots own;             // errors of the segments at hand
    i64 own_count, own_room;
    i64 endless;           // the operation that jumped once too often, or -1

    // Where a shot's random numbers come from.
    u32 stream(u32 purpose, i64 shot) const {
        return control ? purpose | visits[shot - own.first] << STREAM_BITS : purpose;
    }

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

    // The next error of a shot that has met `seen` of them, or null.
    const Error *next_error(i64 shot, i64 seen) const {
        i64 at = shots->start(shot) + seen;
        return at < shots->end(shot) ? shots->errors + at : nullptr;
    }

    int next_group(i64 shot, i64 seen) const {
        const Error *e = next_error(shot, seen);
        return e ? e->group : NONE;
    }

    // What happens to a shot in the rest of a group: Pauli errors, up to a damping or to the end.
    struct Fate {
        const Error *errors;
        int paulis;
        bool damps;

        bool operator==(const Fate &other) const {
            if (paulis != other.paulis || damps != other.damps) return false;
            for (int i = 0; i < paulis + damps; i++)
                if (compare(errors[i], other.errors[i])) return false;
            return true;
        }
    };

    Fate fate(i64 shot, i64 seen, int group) const {
        Fate out = {next_error(shot, seen), 0, false};
        for (; next_group(shot, seen) == group; seen++) {
            if (next_error(shot, seen)->damps) {
                out.damps = true;
                break;
            }
            out.paulis++;
        }
        return out;
    }

    void copy_state(T *to, const T *from) const {
        if (to != from) memcpy(to, from, 2 * sizeof(T) * amplitudes(plan->qubits));
    }

    // A part of a group with its errors, then whole groups up to `end`.
    void run_part(T *to, const T *from, int group, const Part &part, int end) {
        const Group &g = plan->groups[group];
        if (!part.error_count && part.from == part.to)
            return machine.run(to, from, group + 1, end, {-1, nullptr});
        if (!part.error_count && part.from == 0 && part.to == g.count)
            return machine.run(to, from, group, end, {-1, nullptr});
        bool table = g.how == How::TABLE;
        // A small register takes the operations themselves sooner than a matrix does.
        bool small = !table && plan->qubits < 2 * g.width;
        if (table || (g.width <= MAX_DENSE && !small)) {
            alignas(64) T matrix[2 << (2 * MAX_DENSE)];
            alignas(64) double scratch[6 << (2 * MAX_DENSE)];
            build_group<T>(*plan, g, row, part, matrix, scratch);
            u64 flips = 0;
            for (int i = 0; table && i < part.error_count; i++) flips ^= part.errors[i].x;
            if (flips) {
                copy_state(to, from);
                machine.pauli(to, flips, 0);
                from = to;
            }
            machine.run(to, from, group, end, {group, matrix});
            return;
        }
        copy_state(to, from);
        machine.one_by_one(to, group, part);
        machine.run(to, to, group + 1, end, {-1, nullptr});
    }

    int stop_before(i64 shot, i64 seen, int from) const { // next error or event
        int error = next_group(shot, seen);
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

    // Where shots are that run together: the first `rank` operations of `group` are done, and each
    // has met `seen` errors; the next is a damping that is due now, or not.
    struct Place {
        int group, rank;
        i64 seen;
        bool damps;
        bool enters = false; // a segment
    };

    // Shots order[0..count) are in `state`, at `at`.
    void walk(T *state, Place at, i64 *order, i64 count) {
        i64 held = own_count; // errors that others still wait for
        while (!out_of_memory) {
            if (at.enters) enter(at.group, order, count, held);
            if (out_of_memory) break;
            if (at.damps && noise->tables[next_error(order[0], at.seen)->site] < -1)
                act(state, at, order, count);
            else if (at.damps)
                damp(state, at, order, count);
            else {
                if (at.rank == 0) {
                    int stop = stop_before(order[0], at.seen, at.group);
                    machine.run(state, state, at.group, stop, {-1, nullptr});
                    at.group = stop;
                }
                if (at.group == plan->group_count) {
                    read(state, order, count);
                    break;
                }
                if (at.rank == 0 && plan->groups[at.group].how == How::EVENT) {
                    if (decides(*plan, at.group))
                        decide(state, at, order, count);
                    else
                        event(state, at, order, count);
                }
                else
                    part_by_errors(state, at, order, count);
            }
            if (ended) break;
            at = next;
            order = next_order;
            count = next_count;
        }
        own_count = held;
    }

    // Draw the errors of shots that enter the segment that starts at a group.
    void enter(int group, i64 *order, i64 count, i64 held) {
        own_count = held;
        int segment = segments[group];
        int from = site_starts[segment], to = site_starts[segment + 1];
        if (decides(*plan, group)) from = to; // whoever jumps to the end of a segment missed it
        for (i64 i = 0; i < count; i++) {
            i64 shot = order[i], start = own_count;
            errors->among(shot, from, to, stream(ERRORS, shot), [&](int site, int letters) {
                if (own_count == own_room && !more_errors()) return;
                insert(own.errors, start, own_count++, errors->error(site, letters));
            });
            own.starts[shot - own.first] = start;
            own.ends[shot - own.first] = own_count;
        }
        if (own_count > held) sort_shots(own, order, part, count);
    }

    bool more_errors() {
        i64 room = own_room ? 2 * own_room : 1024;
        Error *wider = (Error *)arena->try_take(sizeof(Error) * (size_t)room);
        if (!wider) {
            out_of_memory = true;
            return false;
        }
        if (own_room) {
            memcpy(wider, own.errors, sizeof(Error) * (size_t)own_room);
            arena->give(own.errors);
        }
        own.errors = wider;
        own_room = room;
        return true;
    }

    // An assignment, or a jump: shots part by what their records say, in states that are the same.
    void decide(T *state, Place at, i64 *order, i64 count) {
        const Op &op = plan->ops[plan->groups[at.group].first];
        int target = op.code == KW_JUMP ? plan->ops[op.data].group : at.group + 1;
        bool back = target <= at.group;
        i64 stay = parted(order, count, [&](i64 shot) {
            bool goes = op.slot < 0 || !evaluate(*control, op.slot, record(shot));
            visits[shot - own.first]++;
            if (goes && back && ++loops[shot - own.first] > control->most_loops) endless = &op - plan->ops;
            return goes && op.code == KW_JUMP;
        });
        if (endless >= 0) {
            out_of_memory = true;
            return stop_here();
        }
        Place places[2] = {{at.group + 1, 0, 0, false, true}, {target, 0, 0, false, true}};
        bool larger = count - stay > stay; // those that go
        i64 lesser = larger ? stay : count - stay;
        if (lesser) {
            T *copy = take_register();
            if (!copy) return stop_here();
            copy_state(copy, state);
            walk(copy, places[!larger], order + (larger ? 0 : stay), lesser);
            give_register(copy);
            if (out_of_memory) return stop_here();
        }
        go_on(places[larger], order + (larger ? stay : 0), larger ? count - stay : stay);
    }

    // Where the walk goes on in place: with the largest part, if it goes on.
    bool ended;
    Place next;
    i64 *next_order;
    i64 next_count;

    void go_on(Place at, i64 *order, i64 count) {
        ended = false;
        next = at;
        next_order = order;
        next_count = count;
    }

    void part_by_errors(T *state, Place at, i64 *order, i64 count) {
        // Equal errors stand together; shots without an error here stand last.
        auto end_of_part = [&](i64 i) {
            Fate first = fate(order[i], at.seen, at.group);
            i64 j = i + 1;
            while (j < count && fate(order[j], at.seen, at.group) == first) j++;
            return j;
        };
        i64 best = 0, best_count = 0;
        for (i64 i = 0, j; i < count; i = j) {
            j = end_of_part(i);
            if (j - i > best_count) {
                best = i;
                best_count = j - i;
            }
        }
        for (i64 i = 0, j; i < count && !out_of_memory; i = j) {
            j = i == best ? i + best_count : end_of_part(i);
            if (i == best) continue;
            T *copy = take_register();
            if (!copy) return stop_here();
            Place then = meet(copy, state, at, order[i]);
            walk(copy, then, order + i, j - i);
            give_register(copy);
        }
        if (out_of_memory) return stop_here();
        go_on(meet(state, state, at, order[best]), order + best, best_count);
    }

    // What happens to a shot in the rest of this group, and all after it up to its next error.
    Place meet(T *to, const T *from, Place at, i64 shot) {
        Fate f = fate(shot, at.seen, at.group);
        i64 seen = at.seen + f.paulis;
        int count = plan->groups[at.group].count;
        int rank = f.damps ? f.errors[f.paulis].rank + 1 : count;
        int end = f.damps ? at.group + 1 : stop_before(shot, seen, at.group + 1);
        run_part(to, from, at.group, {at.rank, rank, f.errors, f.paulis}, end);
        if (f.damps) return {at.group, rank, seen, true};
        return {end, 0, seen, false};
    }

    void stop_here() { ended = true; }

    // The weights of the two halves of a state.
    Halves<T> halves_of(const T *state, u64 bit, double *weight) {
        Halves<T> h = {nullptr, state, (i64)amplitudes(plan->qubits), bit, halves, {1, 1}};
        each(h.chunks(), Halves<T>::sum, &h);
        weight[0] = weight[1] = 0;
        for (i64 c = 0; c < h.chunks(); c++)
            for (int b = 0; b < 2; b++) weight[b] += h.sums[2 * c + b];
        return h;
    }

    // Those that stay first, then those that go, each in the order they had; how many stay.
    template <class F> i64 parted(i64 *order, i64 count, F goes) {
        i64 stay = 0, go = 0;
        for (i64 i = 0; i < count; i++)
            if (goes(order[i]))
                part[go++] = order[i];
            else
                order[stay++] = order[i];
        memcpy(order + stay, part, sizeof(i64) * (size_t)go);
        return stay;
    }

    // The smaller part of the shots walks on in a copy, the larger in place: change(to, gone) makes
    // the state of either part from this one.
    template <class F> void part_in_two(T *state, Place then, i64 *order, i64 count, i64 stay, F change) {
        bool larger = count - stay > stay; // those that go
        i64 lesser = larger ? stay : count - stay;
        if (lesser) {
            T *copy = take_register();
            if (!copy) return stop_here();
            change(copy, !larger);
            walk(copy, then, order + (larger ? 0 : stay), lesser);
            give_register(copy);
            if (out_of_memory) return stop_here();
        }
        change(state, larger);
        go_on(then, order + (larger ? stay : 0), larger ? count - stay : stay);
    }

    void scale(T *to, Halves<T> h, double zero, double one) {
        h.to = to;
        h.factors[0] = (T)zero;
        h.factors[1] = (T)one;
        each(h.chunks(), Halves<T>::scale, &h);
    }

    void fall(T *to, Halves<T> h, double factor) {
        h.to = to;
        h.factors[1] = (T)factor;
        each(h.chunks(), Halves<T>::fall, &h);
    }

    // A measurement or a reset.
    void event(T *state, Place at, i64 *order, i64 count) {
        const Op &op = plan->ops[plan->groups[at.group].first];
        double weight[2];
        Halves<T> h = halves_of(state, op.qubits, weight);
        double total = weight[0] + weight[1];
        u32 number = (u32)(&op - plan->ops);
        i64 stay = parted(order, count, [&](i64 shot) {
            u64 bits = random_bits(wanted->seeds[row], stream(COLLAPSE, shot), (u64)shot, number);
            bool one = unit(bits) * total < weight[1];
            if (op.code == KW_MEASURE && op.slot >= 0)
                write_bit(record(shot), op.slot, one ^ misread_now(shot, number, one));
            return one;
        });
        Place then = {at.group + 1, 0, at.seen, false};
        part_in_two(state, then, order, count, stay, [&](T *to, bool one) {
            double factor = 1 / __builtin_sqrt(weight[one] / total);
            if (one && op.code == KW_RESET)
                fall(to, h, factor);
            else
                scale(to, h, one ? 0 : factor, one ? factor : 0);
        });
    }

    // What control depends on is misread when it is read, and not at the end.
    bool misread_now(i64 shot, u32 number, bool one) const {
        if (!control || !control->misread) return false;
        u64 bits = random_bits(wanted->seeds[row], stream(MISREAD, shot), (u64)shot, number);
        return unit(bits) < control->misread[2 * number + one];
    }

    // A damping that happens: a 1 falls to 0 with the odds d, else amplitudes of 1 shrink by
    // sqrt(1 - d). With d = 1 it is a reset.
    void damp(T *state, Place at, i64 *order, i64 count) {
        const Error &e = *next_error(order[0], at.seen);
        double d = noise->damping[e.site], weight[2];
        Halves<T> h = halves_of(state, e.x, weight);
        double total = weight[0] + weight[1];
        u32 number = (u32)e.site;
        i64 stay = parted(order, count, [&](i64 shot) {
            double u = unit(random_bits(wanted->seeds[row], stream(DAMPING, shot), (u64)shot, number));
            return u * total < d * weight[1];
        });
        Place then = after(at, order, count);
        part_in_two(state, then, order, count, stay, [&](T *to, bool falls) {
            if (falls) return fall(to, h, 1 / __builtin_sqrt(weight[1] / total));
            double kept = (weight[0] + (1 - d) * weight[1]) / total;
            scale(to, h, 1 / __builtin_sqrt(kept), __builtin_sqrt((1 - d) / kept));
        });
    }

    // Where shots are that have met what was due now.
    Place after(Place at, const i64 *order, i64 count) const {
        Place then = {at.group, at.rank, at.seen + 1, false};
        if (at.rank == plan->groups[at.group].count && next_group_of(order, count, then.seen) != at.group)
            then = {at.group + 1, 0, then.seen, false};
        return then;
    }

    // A case of a step: one operator acts on all shots; of several, each shot takes one by its weight.
    void act(T *state, Place at, i64 *order, i64 count) {
        const Error &e = *next_error(order[0], at.seen);
        const kw_steps &steps = *noise->steps;
        int first = steps.operators[e.z], operators = steps.operators[e.z + 1] - first;
        Acting<T> a;
        a.open(plan->qubits, plan->site_first[e.site], plan->site_second[e.site], densities);
        Place then = after(at, order, count);
        auto apply = [&](T *to, int k, double factor) {
            a.apply(to, steps.numbers + steps.data[first + k], factor, team);
        };
        if (operators == 1) {
            apply(state, 0, 1);
            return go_on(then, order, count);
        }
        a.measure(state, squares->diagonal[e.z], team);
        double reach[MOST_OPERATORS], total = 0;
        for (int k = 0; k < operators; k++) {
            total += a.weight(squares->numbers + steps.data[first + k]);
            reach[k] = total;
        }
        // Those that take the same operator stand together, each in the order they had.
        i64 ends[MOST_OPERATORS + 1] = {0}, at_end[MOST_OPERATORS];
        u32 number = (u32)e.site;
        auto chosen = [&](i64 shot) {
            double u = unit(random_bits(wanted->seeds[row], stream(DAMPING, shot), (u64)shot, number));
            int k = 0;
            while (k < operators - 1 && !(u * total < reach[k])) k++;
            while (k > 0 && !(reach[k] > reach[k - 1])) k--; // rounding must not choose what cannot be
            return k;
        };
        for (i64 i = 0; i < count; i++) ends[chosen(order[i]) + 1]++;
        int best = 0;
        for (int k = 0; k < operators; k++) {
            if (ends[k + 1] > ends[best + 1] - ends[best]) best = k;
            at_end[k] = ends[k];
            ends[k + 1] += ends[k];
        }
        for (i64 i = 0; i < count; i++) part[at_end[chosen(order[i])]++] = order[i];
        memcpy(order, part, sizeof(i64) * (size_t)count);
        auto factor = [&](int k) {
            return __builtin_sqrt(a.trace / (reach[k] - (k ? reach[k - 1] : 0)));
        };
        for (int k = 0; k < operators; k++) {
            i64 some = ends[k + 1] - ends[k];
            if (k == best || !some) continue;
            T *copy = take_register();
            if (!copy) return stop_here();
            copy_state(copy, state);
            apply(copy, k, factor(k));
            walk(copy, then, order + ends[k], some);
            give_register(copy);
            if (out_of_memory) return stop_here();
        }
        apply(state, best, factor(best));
        go_on(then, order + ends[best], ends[best + 1] - ends[best]);
    }

    // The group of the next error that any of these shots meets.
    int next_group_of(const i64 *order, i64 count, i64 seen) const {
        int least = NONE;
        for (i64 i = 0; i < count; i++) {
            int group = next_group(order[i], seen);
            least = group < least ? group : least;
        }
        return least;
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
        if (w.control) // which may have written them before
            for (int j = 0; j < s->read_starts[w.plan->reads]; j++) write_bit(record, s->read_slots[j], 0);
        for (u64 rest = outcome; rest; rest &= rest - 1)
            for (int j = s->read_starts[lowest(rest)]; j < s->read_starts[lowest(rest) + 1]; j++)
                record[s->read_slots[j] >> 6] |= ONE << (s->read_slots[j] & 63);
    }
};

} // namespace kw
