#include "reading.h"

namespace kw {

void Reading::open(const Plan &plan) {
    bits = plan.reads;
    u64 read = 0;
    straight = bits == plan.qubits;
    for (int j = 0; j < bits; j++) {
        read |= ONE << plan.read_at[j];
        straight &= plan.read_at[j] == j;
    }
    unread = ~read & (plan.qubits ? ~(u64)0 >> (64 - plan.qubits) : 0);
    hidden = count_bits(unread);
    int low_bits = bits < BLOCK ? bits : BLOCK;
    for (int i = 0; i < 1 << low_bits; i++) {
        low[i] = 0;
        for (int j = 0; j < low_bits; j++)
            if (i >> j & 1) low[i] |= ONE << plan.read_at[j];
    }
    high_bits = bits - low_bits;
    for (int j = 0; j < high_bits; j++) high[j] = ONE << plan.read_at[BLOCK + j];
}

template <class T> static inline double weight(const T *a) {
    double re = a[0], im = a[1];
    return re * re + im * im;
}

template <class T> void Reading::block(const T *state, i64 number, double *out) const {
    int size = block_size();
    if (straight) {
        const T *a = state + 2 * ((u64)number << BLOCK);
        for (int i = 0; i < size; i++) out[i] = weight(a + 2 * i);
        return;
    }
    u64 base = 0;
    for (int j = 0; j < high_bits; j++)
        if (number >> j & 1) base |= high[j];
    for (int i = 0; i < size; i++) out[i] = 0;
    u64 u = 0;
    do {
        for (int i = 0; i < size; i++) out[i] += weight(state + 2 * (base | low[i] | u));
        u = ((u | ~unread) + 1) & unread;
    } while (u);
}

double sum_of(const double *values, i64 count) {
    if (count <= 8) {
        double sum = 0;
        for (i64 i = 0; i < count; i++) sum += values[i];
        return sum;
    }
    i64 half = count / 2;
    return sum_of(values, half) + sum_of(values + half, count - half);
}

namespace {
template <class T> struct SumWork {
    const Reading *reading;
    const T *state;
    double *sums;
    static void run(void *context, i64 number, int) {
        SumWork &w = *(SumWork *)context;
        double block[1 << BLOCK];
        w.reading->block(w.state, number, block);
        w.sums[number] = sum_of(block, w.reading->block_size());
    }
};
} // namespace

template <class T>
void block_sums(const Reading &reading, const T *state, Team *team, double *sums) {
    SumWork<T> work = {&reading, state, sums};
    if (team)
        team->each(reading.blocks(), SumWork<T>::run, &work);
    else
        for (i64 b = 0; b < reading.blocks(); b++) SumWork<T>::run(&work, b, 0);
}

// By key, then by shot: draws come in ascending order of shots, and each step keeps the order.
void sort_draws(Draw *draws, Draw *spare, i64 count) {
    if (count < 64) {
        for (i64 i = 1; i < count; i++) {
            Draw d = draws[i];
            i64 j = i;
            for (; j && draws[j - 1].key > d.key; j--) draws[j] = draws[j - 1];
            draws[j] = d;
        }
        return;
    }
    Draw *from = draws, *to = spare;
    for (int shift = 0; shift < 64; shift += 8) {
        i64 starts[257] = {0};
        for (i64 i = 0; i < count; i++) starts[(from[i].key >> shift & 255) + 1]++;
        for (int b = 0; b < 256; b++) starts[b + 1] += starts[b];
        for (i64 i = 0; i < count; i++) to[starts[from[i].key >> shift & 255]++] = from[i];
        Draw *held = from;
        from = to;
        to = held;
    }
}

template <class T>
void sample(const Reading &reading, const T *state, const double *sums, const Draw *draws, i64 count,
            double *block, void (*take)(void *, i64, u64, double), void *context) {
    i64 blocks = reading.blocks(), next = 0;
    double total = 0;
    for (i64 b = 0; b < blocks; b++) total += sums[b];
    double before = 0;
    int size = reading.block_size();
    // A draw past the end by rounding belongs to the last outcome that has any probability.
    i64 last_block = blocks - 1;
    while (last_block && !(sums[last_block] > 0)) last_block--;
    for (i64 b = 0; b <= last_block && next < count; b++) {
        double until = before + sums[b];
        if (b < last_block && !(unit(draws[next].key) * total < until)) {
            before = until;
            continue;
        }
        reading.block(state, b, block);
        int last = size - 1;
        while (last && !(block[last] > 0)) last--;
        int i = 0;
        double reached = before + block[0];
        while (next < count) {
            double u = unit(draws[next].key) * total;
            if (b < last_block && !(u < until)) break;
            while (i < last && !(u < reached)) reached += block[++i];
            take(context, draws[next].shot, ((u64)b << BLOCK) | (u64)i, block[i]);
            next++;
        }
        before = until;
    }
}

#define KW_BOTH(T)                                                                                 \
    template void Reading::block<T>(const T *, i64, double *) const;                               \
    template void block_sums<T>(const Reading &, const T *, Team *, double *);                     \
    template void sample<T>(const Reading &, const T *, const double *, const Draw *, i64,         \
                            double *, void (*)(void *, i64, u64, double), void *);
KW_BOTH(double)
KW_BOTH(float)

} // namespace kw
