// Expectation values and variances of sums of Pauli products, without samples.
//
// A register is cut into tiles, tiles into parts. A part has its own sums, added up in its own order,
// and the parts are added last: the same numbers for any number of threads. Within a part, a tile
// meets all runs of terms before the next one, so that it is read from memory once, and once more as
// the other tile of each run that flips qubits above the tile.

#include "machine.h"
#include "sums.h"

namespace kw {

namespace {

constexpr int SHARED_FROM = 16; // from so many qubits threads share one register, below one row each
constexpr int PARTS = 6;        // at most 2**PARTS parts

struct Sought {
    const kw_expected *wanted;
    int qubits; // with padding
    int tile;   // qubits of a tile
    int part;   // qubits of a part
    Term *terms;
    i64 term_count; // with the norm, the last for the caller
    i64 *places;    // of the caller's terms
    Run *runs;
    i64 run_count;
    u32 *steps;

    i64 parts() const { return (i64)1 << (qubits - part); }
};

int gap_of(u64 x, int tile) { // in reals: the highest qubit flipped, if it lies in the tile, above leaves
    return x && !(x >> tile) && highest(x) + 1 >= LEAF ? highest(x) + 1 : -1;
}

u32 without(u32 mask, int gap) {
    if (gap < 0) return mask;
    u32 low = (1u << gap) - 1;
    return (mask >> 1 & ~low) | (mask & low);
}

Term term_of(u64 x, u64 z, i64 given, int tile) {
    Term t;
    memset(&t, 0, sizeof t);
    int ys = count_bits(x & z), gap = gap_of(x, tile);
    t.x = x;
    t.z = z;
    t.given = (int32_t)given;
    t.odd = ys & 1;
    t.far_signs = z >> tile;
    t.signs = without((u32)(z & ((ONE << tile) - 1)) << 1 | (u32)t.odd, gap);
    t.factor = ys & 2 ? -1 : 1;
    if (gap >= 0 || x >> tile) t.factor *= 2;
    return t;
}

int compare(const void *left, const void *right) {
    const Term &a = *(const Term *)left, &b = *(const Term *)right;
    if (a.x != b.x) return a.x < b.x ? -1 : 1;
    if (a.odd != b.odd) return a.odd ? 1 : -1;
    if (a.signs != b.signs) return a.signs < b.signs ? -1 : 1;
    return a.given < b.given ? -1 : a.given > b.given;
}

// Describe the folds of a run: for each its number of steps, then the steps, each naming what the
// fold before it made and which of sum and difference are asked. Returns where the next run's stand.
i64 plan_folds(Sought &s, Run &run, i64 at) {
    run.steps = at;
    int bits = run.bits - HEAD;
    for (i64 t = run.first; t < run.end; t++) {
        uint8_t head = (uint8_t)(s.terms[t].signs >> bits);
        if (t == run.first || head != run.head[run.heads - 1]) run.head[run.heads++] = head;
    }
    for (; bits > LEAF; bits--) {
        u32 *count = &s.steps[at++], source = 0, last = 0;
        *count = 0;
        for (i64 t = run.first; t < run.end; t++) {
            u32 before = s.terms[t].signs >> bits, now = s.terms[t].signs >> (bits - 1);
            if (t > run.first && now == last) continue;
            if (t > run.first && before != last >> 1) source++;
            bool joins = t > run.first && before == last >> 1;
            u32 asked = now & 1 ? DIFFERENCE : SUM;
            if (joins)
                s.steps[at - 1] |= asked;
            else {
                s.steps[at++] = source << 2 | asked;
                ++*count;
            }
            last = now;
        }
    }
    u32 leaf = 0;
    for (i64 t = run.first; t < run.end; t++) {
        leaf += t > run.first && s.terms[t].signs >> LEAF != s.terms[t - 1].signs >> LEAF;
        s.terms[t].leaf = leaf;
    }
    return at;
}

void open_sought(Sought &s, Arena &arena, const Plan &plan, const kw_expected *w) {
    int n = plan.qubits > LEAST_QUBITS ? plan.qubits : LEAST_QUBITS;
    s.wanted = w;
    s.qubits = n;
    s.tile = n < TILE_QUBITS ? n : TILE_QUBITS;
    s.part = n - PARTS > s.tile ? n - PARTS : s.tile;
    s.term_count = w->terms + 1;
    s.terms = arena.array<Term>(s.term_count);
    for (i64 t = 0; t < w->terms; t++) {
        u64 x = 0, z = 0;
        for (u64 rest = w->x[t]; rest; rest &= rest - 1) x |= ONE << plan.read_at[lowest(rest)];
        for (u64 rest = w->z[t]; rest; rest &= rest - 1) z |= ONE << plan.read_at[lowest(rest)];
        s.terms[t] = term_of(x, z, t, s.tile);
    }
    s.terms[w->terms] = term_of(0, 0, w->terms, s.tile);
    qsort(s.terms, (size_t)s.term_count, sizeof(Term), compare);
    s.places = arena.array<i64>(s.term_count);
    for (i64 t = 0; t < s.term_count; t++) s.places[s.terms[t].given] = t;
    s.runs = arena.zeros<Run>(s.term_count);
    s.run_count = 0;
    int folds = s.tile + 1 - HEAD - LEAF;
    s.steps = arena.array<u32>(2 * (size_t)s.term_count * (size_t)folds + 1);
    i64 at = 0;
    for (i64 t = 0; t < s.term_count;) {
        const Term &first = s.terms[t];
        Run &run = s.runs[s.run_count++];
        run.far = first.x >> s.tile;
        run.flip = (u32)(first.x & ((ONE << s.tile) - 1)) << 1 | (u32)first.odd;
        run.gap = gap_of(first.x, s.tile);
        run.bits = s.tile + (run.gap < 0);
        run.first = t;
        while (t < s.term_count && s.terms[t].x == first.x && s.terms[t].odd == first.odd) t++;
        run.end = t;
        at = plan_folds(s, run, at);
    }
}

// What one register needs to be summed.
template <class T> struct Bench {
    T **works;     // of each thread: two tiles
    double *parts; // sums of each part
    double *terms; // values of each term, as the caller numbers them
};

template <class T>
void open_bench(Bench<T> &bench, Arena &arena, const Sought &s, int threads) {
    bench.works = arena.array<T *>(threads);
    for (int i = 0; i < threads; i++) bench.works[i] = arena.array<T>(4 * amplitudes(s.tile));
    i64 most = s.term_count > s.wanted->observables ? s.term_count : s.wanted->observables;
    bench.parts = arena.array<double>((size_t)s.parts() * (size_t)most);
    bench.terms = arena.array<double>((size_t)s.term_count);
}

template <class T> struct Summing {
    const Sought *sought;
    const Bench<T> *bench;
    const T *state;
    i64 row;

    // The sums of all terms over one part of the register.
    static void sum_part(void *context, i64 part, int worker) {
        const Summing &c = *(const Summing *)context;
        const Sought &s = *c.sought;
        double *out = c.bench->parts + part * s.term_count;
        T *one = c.bench->works[worker], *two = one + 2 * amplitudes(s.tile);
        for (i64 t = 0; t < s.term_count; t++) out[t] = 0;
        u64 tiles = ONE << (s.part - s.tile);
        for (u64 tile = (u64)part * tiles; tile < ((u64)part + 1) * tiles; tile++) {
            const T *a = c.state + (tile << s.tile) * 2;
            for (i64 r = 0; r < s.run_count; r++) {
                const Run &run = s.runs[r];
                if (run.far && tile >> highest(run.far) & 1) continue; // the other tile has the pair
                const T *b = c.state + ((tile ^ run.far) << s.tile) * 2;
                sums<T>().add_run(run, s.terms, s.steps, a, b, one, two, tile, out);
            }
        }
    }

    // For each observable O and its value e, the norm of (O - e)|state> over one part.
    static void spread_part(void *context, i64 part, int worker) {
        const Summing &c = *(const Summing *)context;
        const Sought &s = *c.sought;
        const kw_expected &w = *s.wanted;
        const double *values = w.values + c.row * w.observables;
        double *out = c.bench->parts + part * w.observables;
        T *sum = c.bench->works[worker];
        int reals = s.tile + 1;
        u64 tiles = ONE << (s.part - s.tile);
        u32 inside = (1u << s.tile) - 1;
        for (i64 o = 0; o < w.observables; o++) out[o] = 0;
        for (u64 tile = (u64)part * tiles; tile < ((u64)part + 1) * tiles; tile++)
            for (i64 o = 0; o < w.observables; o++) {
                memset(sum, 0, sizeof(T) << reals);
                sums<T>().add_product(sum, c.state + (tile << s.tile) * 2, reals, 0, 0, (T)-values[o]);
                for (i64 m = w.starts[o]; m < w.starts[o + 1]; m++) {
                    const Term &t = s.terms[s.places[w.members[m]]];
                    u64 from = tile ^ t.x >> s.tile;
                    // i**ys z(b ^ x) a[b ^ x]: a factor of i moves re to im and -im to re.
                    int ys = count_bits(t.x & t.z);
                    double factor = ys & 2 ? -w.coefficients[m] : w.coefficients[m];
                    if (__builtin_parityll(t.z & ((u64)from << s.tile | (t.x & inside))) ^ t.odd)
                        factor = -factor;
                    u32 flip = ((u32)t.x & inside) << 1 | (u32)t.odd;
                    u32 signs = ((u32)t.z & inside) << 1 | (u32)t.odd;
                    sums<T>().add_product(sum, c.state + (from << s.tile) * 2, reals, flip, signs,
                                          (T)factor);
                }
                out[o] += sums<T>().square(sum, reals);
            }
    }

    void each(Team *team, void (*work)(void *, i64, int)) {
        if (team)
            team->each(sought->parts(), work, this);
        else
            for (i64 p = 0; p < sought->parts(); p++) work(this, p, 0);
    }

    void read(Team *team) {
        const Sought &s = *sought;
        const kw_expected &w = *s.wanted;
        each(team, sum_part);
        for (i64 t = 0; t < s.term_count; t++) {
            double sum = 0;
            for (i64 p = 0; p < s.parts(); p++) sum += bench->parts[p * s.term_count + t];
            bench->terms[s.terms[t].given] = s.terms[t].factor * sum;
        }
        double norm = bench->terms[w.terms];
        double *values = w.values + row * w.observables;
        for (i64 o = 0; o < w.observables; o++) {
            values[o] = 0;
            for (i64 m = w.starts[o]; m < w.starts[o + 1]; m++) {
                double value = bench->terms[w.members[m]] / norm;
                value = value > 1 ? 1 : value < -1 ? -1 : value;
                values[o] += w.coefficients[m] * value;
            }
        }
        if (!w.variances) return;
        each(team, spread_part);
        for (i64 o = 0; o < w.observables; o++) {
            double sum = 0;
            for (i64 p = 0; p < s.parts(); p++) sum += bench->parts[p * w.observables + o];
            w.variances[row * w.observables + o] = sum / norm;
        }
    }
};

template <class T> struct Rows {
    const Sought *sought;
    Machine<T> *machines; // one per worker
    T **states;
    Bench<T> *benches;
    Team *shared; // threads of one register, or null

    static void run(void *context, i64 row, int worker) {
        Rows &r = *(Rows *)context;
        Machine<T> &m = r.machines[worker];
        m.prepare(row);
        m.start(r.states[worker]);
        m.run(r.states[worker], r.states[worker], 0, m.plan->group_count, {-1, nullptr});
        Summing<T> summing = {r.sought, &r.benches[worker], r.states[worker], row};
        summing.read(r.shared);
    }
};

template <class T>
void run_rows(Arena &arena, const kw_program *program, const kw_expected *w, Team &team) {
    Plan plan;
    make_plan(plan, arena, program, nullptr, Tiling<T>::TILE, Tiling<T>::RUN, false);
    Sought sought;
    open_sought(sought, arena, plan, w);
    bool share = plan.qubits >= SHARED_FROM || w->rows == 1;
    int workers = share ? 1 : team.size;
    if (workers > w->rows) workers = (int)w->rows;
    Rows<T> rows = {&sought, arena.array<Machine<T>>(workers), arena.array<T *>(workers),
                    arena.array<Bench<T>>(workers), share ? &team : nullptr};
    for (int i = 0; i < workers; i++) {
        rows.machines[i].open(arena, plan, rows.shared);
        rows.states[i] = arena.zeros<T>(2 * amplitudes(sought.qubits)); // what is padding stays 0
        open_bench(rows.benches[i], arena, sought, share ? team.size : 1);
    }
    if (share)
        for (i64 row = 0; row < w->rows; row++) Rows<T>::run(&rows, row, 0);
    else
        team.each(w->rows, Rows<T>::run, &rows);
}

} // namespace

} // namespace kw

#include "call.h"

using namespace kw;

extern "C" {

int kw_expect(const kw_program *program, const kw_expected *wanted) {
    KW_CALL(wanted->threads, wanted->single ? run_rows<float>(arena, program, wanted, team)
                                            : run_rows<double>(arena, program, wanted, team))
}
}
