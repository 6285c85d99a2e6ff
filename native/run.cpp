// Exact distributions and shots of circuits without events.

#include "reading.h"

namespace kw {

namespace {

constexpr int SHARED_FROM = 16; // from so many qubits threads share one register, below one row each
constexpr int DIGITS = 16;      // bits of a number that one step of the selection looks at

// What reading one register needs, allocated once.
struct Desk {
    double *sums;
    i64 *above;     // per block: outcomes above the limit
    i64 *histogram; // per worker
    Draw *draws, *spare;
    u64 *drawn;     // distinct outcomes drawn, ascending
    double *drawn_p;
    i64 *drawn_count;
    i64 drawn_length;
    u32 *places;    // of the drawn outcomes among all
    double *block;
    u32 *order;     // of the row at hand
};

void open_desk(Desk &desk, Arena &arena, const Reading &reading, const kw_wanted &w, int workers) {
    memset(&desk, 0, sizeof desk);
    i64 blocks = reading.blocks();
    desk.sums = arena.array<double>(blocks);
    desk.block = arena.array<double>(1 << BLOCK);
    if (w.exact) desk.above = arena.array<i64>(blocks);
    if (w.exact && (reading.bits > 62 || (i64)1 << reading.bits > w.kept))
        desk.histogram = arena.array<i64>((size_t)workers << DIGITS);
    if (!w.shots) return;
    desk.draws = arena.array<Draw>(w.shots);
    desk.spare = arena.array<Draw>(w.shots);
    desk.drawn = arena.array<u64>(w.shots);
    desk.drawn_p = arena.array<double>(w.shots);
    desk.drawn_count = arena.array<i64>(w.shots);
    desk.places = arena.array<u32>(w.shots);
}

void take_shot(void *context, i64 shot, u64 outcome, double p) {
    Desk &d = *(Desk *)context;
    if (!d.drawn_length || d.drawn[d.drawn_length - 1] != outcome) {
        d.drawn[d.drawn_length] = outcome;
        d.drawn_p[d.drawn_length] = p;
        d.drawn_count[d.drawn_length++] = 0;
    }
    d.drawn_count[d.drawn_length - 1]++;
    d.order[shot] = (u32)(d.drawn_length - 1);
}

u64 as_bits(double value) { // orders like the (positive) numbers themselves
    u64 bits;
    memcpy(&bits, &value, 8);
    return bits;
}

// Which outcomes are kept: those above `limit`, and the first `ties` that equal it.
struct Limit {
    u64 limit;
    i64 ties;
};

template <class T> struct Select {
    const Reading *reading;
    const T *state;
    Desk *desk;
    u64 limit;
    u64 prefix;
    int shift;

    static void count(void *context, i64 number, int) {
        Select &s = *(Select *)context;
        double block[1 << BLOCK];
        s.reading->block(s.state, number, block);
        i64 above = 0;
        for (int i = 0; i < s.reading->block_size(); i++) above += as_bits(block[i]) > s.limit;
        s.desk->above[number] = above;
    }

    static void tally(void *context, i64 number, int worker) {
        Select &s = *(Select *)context;
        double block[1 << BLOCK];
        i64 *histogram = s.desk->histogram + ((size_t)worker << DIGITS);
        s.reading->block(s.state, number, block);
        for (int i = 0; i < s.reading->block_size(); i++) {
            u64 bits = as_bits(block[i]);
            if (s.shift + DIGITS < 64 && bits >> (s.shift + DIGITS) != s.prefix) continue;
            histogram[bits >> s.shift & ((1 << DIGITS) - 1)]++;
        }
    }
};

template <class T>
void each_block(const Reading &reading, Team *team, void (*work)(void *, i64, int), void *context) {
    if (team)
        team->each(reading.blocks(), work, context);
    else
        for (i64 b = 0; b < reading.blocks(); b++) work(context, b, 0);
}

template <class T>
Limit limit_of(const Reading &reading, const T *state, Team *team, Desk &desk, double floor, i64 kept) {
    Select<T> s = {&reading, state, &desk, as_bits(floor), 0, 0};
    each_block<T>(reading, team, Select<T>::count, &s);
    i64 above = 0;
    for (i64 b = 0; b < reading.blocks(); b++) above += desk.above[b];
    if (above <= kept) return {s.limit, 0};
    // The kept-th largest, digit by digit from the top.
    i64 wanted = kept;
    int workers = team ? team->size : 1;
    for (s.shift = 64 - DIGITS; s.shift >= 0; s.shift -= DIGITS) {
        memset(desk.histogram, 0, sizeof(i64) * ((size_t)workers << DIGITS));
        each_block<T>(reading, team, Select<T>::tally, &s);
        int digit = (1 << DIGITS) - 1;
        for (;; digit--) {
            i64 here = 0;
            for (int w = 0; w < workers; w++) here += desk.histogram[((size_t)w << DIGITS) + digit];
            if (here >= wanted) break;
            wanted -= here;
        }
        s.prefix = s.prefix << DIGITS | (u64)digit;
    }
    s.limit = s.prefix;
    each_block<T>(reading, team, Select<T>::count, &s);
    return {s.limit, wanted};
}

struct Out {
    u64 *outcomes;
    double *probabilities;
    i64 *counts;
    i64 length;
};

void put(Out &out, u64 outcome, double p, i64 count) {
    out.outcomes[out.length] = outcome;
    if (out.probabilities) out.probabilities[out.length] = p;
    if (out.counts) out.counts[out.length] = count;
    out.length++;
}

// Write kept and drawn outcomes in ascending order.
template <class T>
void write_exact(const Reading &reading, const T *state, Desk &desk, Limit limit, Out &out) {
    i64 next = 0;
    auto put_drawn = [&](u64 until) {
        for (; next < desk.drawn_length && desk.drawn[next] < until; next++) {
            desk.places[next] = (u32)out.length;
            put(out, desk.drawn[next], desk.drawn_p[next], desk.drawn_count[next]);
        }
    };
    for (i64 b = 0; b < reading.blocks(); b++) {
        if (!desk.above[b] && !limit.ties) continue;
        reading.block(state, b, desk.block);
        for (int i = 0; i < reading.block_size(); i++) {
            u64 bits = as_bits(desk.block[i]);
            if (bits < limit.limit) continue;
            if (bits == limit.limit) {
                if (!limit.ties) continue;
                limit.ties--;
            }
            u64 outcome = ((u64)b << BLOCK) | (u64)i;
            put_drawn(outcome);
            i64 count = 0;
            if (next < desk.drawn_length && desk.drawn[next] == outcome) {
                desk.places[next] = (u32)out.length;
                count = desk.drawn_count[next++];
            }
            put(out, outcome, desk.block[i], count);
        }
    }
    put_drawn(~(u64)0);
}

template <class T>
void read_row(const Reading &reading, const T *state, Team *team, Desk &desk, const kw_wanted &w,
              i64 row) {
    Out out = {w.outcomes + row * w.room, w.exact ? w.probabilities + row * w.room : nullptr,
               w.shots ? w.counts + row * w.room : nullptr, 0};
    block_sums(reading, state, team, desk.sums);
    double total = 0;
    for (i64 b = 0; b < reading.blocks(); b++) total += desk.sums[b];
    desk.drawn_length = 0;
    w.masses[row] = 1;
    if (w.shots) {
        desk.order = w.order + row * w.shots;
        for (i64 s = 0; s < w.shots; s++)
            desk.draws[s] = {random_bits(w.seeds[row], SAMPLE, (u64)s, 0), s};
        sort_draws(desk.draws, desk.spare, w.shots);
        sample(reading, state, desk.sums, desk.draws, w.shots, desk.block, take_shot, &desk);
    }
    if (!w.exact) {
        for (i64 i = 0; i < desk.drawn_length; i++)
            put(out, desk.drawn[i], 0, desk.drawn_count[i]);
        w.lengths[row] = out.length;
        return;
    }
    Limit limit = limit_of(reading, state, team, desk, w.floor * total, w.kept);
    write_exact(reading, state, desk, limit, out);
    for (i64 s = 0; s < w.shots; s++) desk.order[s] = desk.places[desk.order[s]];
    double mass = sum_of(out.probabilities, out.length);
    for (i64 i = 0; i < out.length; i++) out.probabilities[i] /= mass;
    if (limit.ties) w.masses[row] = mass < total ? mass / total : 1;
    w.lengths[row] = out.length;
}

template <class T> struct Rows {
    const kw_wanted *wanted;
    const Reading *reading;
    Machine<T> *machines; // one per worker
    T **states;
    Desk *desks;
    Team *shared; // threads of one register, or null

    static void run(void *context, i64 row, int worker) {
        Rows &r = *(Rows *)context;
        Machine<T> &m = r.machines[worker];
        T *state = r.states[worker];
        m.prepare(row);
        m.start(state);
        m.run(state, state, 0, m.plan->group_count, {-1, nullptr});
        read_row(*r.reading, state, r.shared, r.desks[worker], *r.wanted, row);
    }
};

template <class T> void run_rows(Arena &arena, const kw_program *program, const kw_wanted *w, Team &team) {
    Plan plan;
    make_plan(plan, arena, program, nullptr, Tiling<T>::TILE, Tiling<T>::RUN, false);
    Reading *reading = arena.array<Reading>(1);
    reading->open(plan);
    bool share = plan.qubits >= SHARED_FROM || w->rows == 1;
    int workers = share ? 1 : team.size;
    if (workers > w->rows) workers = (int)w->rows;
    Rows<T> rows = {w, reading, arena.array<Machine<T>>(workers), arena.array<T *>(workers),
                    arena.array<Desk>(workers), share ? &team : nullptr};
    for (int i = 0; i < workers; i++) {
        rows.machines[i].open(arena, plan, rows.shared);
        rows.states[i] = arena.array<T>(2 * amplitudes(plan.qubits));
        open_desk(rows.desks[i], arena, *reading, *w, share ? team.size : 1);
    }
    if (share)
        for (i64 row = 0; row < w->rows; row++) Rows<T>::run(&rows, row, 0);
    else
        team.each(w->rows, Rows<T>::run, &rows);
}

template <class T>
void run_state(Arena &arena, const kw_program *program, i64 row, Team &team, double *out) {
    Plan plan;
    make_plan(plan, arena, program, nullptr, Tiling<T>::TILE, Tiling<T>::RUN, false);
    Machine<T> machine;
    machine.open(arena, plan, &team);
    T *state = arena.array<T>(2 * amplitudes(plan.qubits));
    machine.prepare(row);
    machine.start(state);
    machine.run(state, state, 0, plan.group_count, {-1, nullptr});
    // Undo the renaming of swaps: read_qubits must name every qubit in order.
    for (u64 i = 0; i < ONE << plan.qubits; i++) {
        u64 from = 0;
        for (int j = 0; j < plan.reads; j++)
            if (i >> j & 1) from |= ONE << plan.read_at[j];
        out[2 * i] = state[2 * from];
        out[2 * i + 1] = state[2 * from + 1];
    }
}

// Chosen amplitudes of rows.
template <class T> struct Chosen {
    i64 count;
    const u64 *indices;
    Machine<T> *machines;
    T **states;
    double *out;

    static void run(void *context, i64 row, int worker) {
        Chosen &c = *(Chosen *)context;
        Machine<T> &m = c.machines[worker];
        T *state = c.states[worker];
        m.prepare(row);
        m.start(state);
        m.run(state, state, 0, m.plan->group_count, {-1, nullptr});
        for (i64 i = 0; i < c.count; i++) c.out[row * c.count + i] = state[2 * c.indices[i]];
    }
};

template <class T>
void run_chosen(Arena &arena, const kw_program *program, i64 rows, Team &team, int bits,
                const u64 *masks, double *out) {
    Plan plan;
    make_plan(plan, arena, program, nullptr, Tiling<T>::TILE, Tiling<T>::RUN, false);
    i64 count = (i64)1 << bits;
    u64 *indices = arena.array<u64>(count);
    for (i64 i = 0; i < count; i++) {
        indices[i] = 0;
        for (int j = 0; j < bits; j++)
            if (i >> j & 1)
                for (u64 rest = masks[j]; rest; rest &= rest - 1)
                    indices[i] |= ONE << plan.read_at[lowest(rest)];
    }
    bool share = plan.qubits >= SHARED_FROM || rows == 1;
    int workers = share ? 1 : team.size;
    if (workers > rows) workers = (int)rows;
    Chosen<T> chosen = {count, indices, arena.array<Machine<T>>(workers), arena.array<T *>(workers),
                        out};
    for (int i = 0; i < workers; i++) {
        chosen.machines[i].open(arena, plan, share ? &team : nullptr);
        chosen.states[i] = arena.array<T>(2 * amplitudes(plan.qubits));
    }
    if (share)
        for (i64 row = 0; row < rows; row++) Chosen<T>::run(&chosen, row, 0);
    else
        team.each(rows, Chosen<T>::run, &chosen);
}

} // namespace

const char *isa_name();

} // namespace kw

#include "call.h"

using namespace kw;

extern "C" {

int32_t kw_abi(void) { return 6; }

const char *kw_isa(void) { return isa_name(); }

int kw_run(const kw_program *program, const kw_wanted *wanted) {
    KW_CALL(wanted->threads, wanted->single ? run_rows<float>(arena, program, wanted, team)
                                            : run_rows<double>(arena, program, wanted, team))
}

struct Many {
    const kw_program *programs;
    const kw_wanted *wanted;
    char failed; // the code of a call that failed, whichever was last

    static void run(void *context, i64 item, int) {
        Many &many = *(Many *)context;
        int code = kw_run(many.programs + item, many.wanted + item);
        if (code != KW_OK) __atomic_store_n(&many.failed, (char)code, __ATOMIC_RELAXED);
    }
};

int kw_run_many(int64_t count, const kw_program *program, const kw_wanted *wanted, int32_t threads) {
    Many many = {program, wanted, KW_OK};
    KW_CALL(threads, {
        team.each(count, Many::run, &many);
        if (many.failed != KW_OK) {
            team.close();
            arena.close();
            return many.failed;
        }
    })
}

int kw_state(const kw_program *program, int64_t row, int32_t single, int32_t threads,
             double *amplitudes) {
    KW_CALL(threads, single ? run_state<float>(arena, program, row, team, amplitudes)
                            : run_state<double>(arena, program, row, team, amplitudes))
}

int kw_real(const kw_program *program, int64_t rows, int32_t single, int32_t threads, int32_t bits,
            const uint64_t *masks, double *chosen) {
    KW_CALL(threads, single ? run_chosen<float>(arena, program, rows, team, bits, masks, chosen)
                            : run_chosen<double>(arena, program, rows, team, bits, masks, chosen))
}

int kw_describe(const kw_program *program, int32_t single, int64_t *groups, int64_t *passes) {
    KW_CALL(1, {
        Plan plan;
        make_plan(plan, arena, program, nullptr, single ? Tiling<float>::TILE : Tiling<double>::TILE,
                  single ? Tiling<float>::RUN : Tiling<double>::RUN, false);
        *groups = plan.group_count;
        *passes = plan.pass_count;
    })
}
}
