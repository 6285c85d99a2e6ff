// One operation on a tile, and the matrix of a fused group.

#include "plan.h"

namespace kw {

const double *numbers_of(const Plan &plan, const Op &op, i64 row) {
    const kw_program *p = plan.program;
    return op.varies ? p->rows + row * p->stride + op.data : p->constants + op.data;
}

namespace {

// exp(-i angle P) needs P as masks: P|b> = i**ys (-1)**parity(b & z) |b ^ x>.
struct Pauli {
    u64 x, z;
    int ys;
};

Pauli pauli_of(const Op &op, int term) {
    Pauli p = {0, 0, 0};
    const uint8_t *letters = op.letters + term * op.targets;
    for (int t = 0; t < op.targets; t++) {
        u64 bit = ONE << op.at[t];
        if (letters[t] == 1 || letters[t] == 2) p.x |= bit;
        if (letters[t] == 2 || letters[t] == 3) p.z |= bit;
        p.ys += letters[t] == 2;
    }
    return p;
}

// (-i) * i**ys * value, with the sign of the qubits outside the tile.
void weight_of(const Pauli &p, const View &view, double value, double &re, double &im) {
    if (__builtin_parityll(p.z & ~view.inside & view.outside_values)) value = -value;
    switch (p.ys & 3) {
    case 0: re = 0, im = -value; break;
    case 1: re = value, im = 0; break;
    case 2: re = 0, im = value; break;
    default: re = -value, im = 0;
    }
}

// The steps and the order of a Taylor series for exp(-i H), |H| <= bound, exact to rounding.
void series_of(double bound, bool single, int &steps, int &order) {
    steps = bound > 2 ? (int)(bound / 2) + 1 : 1;
    double x = bound / steps, term = 1, limit = single ? 1e-10 : 1e-18;
    for (order = 1; order < 60; order++) {
        term *= x / order;
        if (term < limit) break;
    }
}

template <class T>
void apply_sum(const Op &op, const double *c, T *a, const View &view, u64 controls, T *work) {
    const Kernels<T> &k = kernels<T>();
    double bound = 0;
    for (int t = 0; t < op.terms; t++) bound += c[t] < 0 ? -c[t] : c[t];
    int steps, order, n = view.width;
    series_of(bound, sizeof(T) == 4, steps, order);
    size_t bytes = (size_t)(2 * sizeof(T)) << n;
    T *term = work, *next = work + ((size_t)2 << n);
    for (int s = 0; s < steps; s++) {
        memcpy(term, a, bytes);
        for (int d = 1; d <= order; d++) {
            memset(next, 0, bytes);
            for (int t = 0; t < op.terms; t++) {
                Pauli p = pauli_of(op, t);
                double re, im;
                weight_of(p, view, c[t] / steps / d, re, im);
                k.add_pauli(next, term, n, placed(view, p.x), placed(view, p.z), controls, (T)re,
                            (T)im);
            }
            k.add(a, next, n);
            T *held = term;
            term = next;
            next = held;
        }
    }
}

// A diagonal on a few operands, as a product of phases each on "all of these are 1".
template <class T>
void apply_diagonal(const Op &op, const double *d, T *a, const View &view, u64 controls) {
    const Kernels<T> &k = kernels<T>();
    int targets = op.targets;
    double relative[4] = {1, 0, 0, 0};
    if (targets == 1 && !op.controls) {
        // Only the difference of the two phases can be seen.
        relative[2] = d[0] * d[2] + d[1] * d[3];
        relative[3] = d[0] * d[3] - d[1] * d[2];
        d = relative;
    }
    if (targets == 1 && d[0] == 1 && d[1] == 0) {
        u64 bit = ONE << op.at[0];
        if (!(bit & view.inside)) {
            if (!(bit & view.outside_values)) return;
            bit = 0;
        }
        k.scale(a, view.width, controls | placed(view, bit), (T)d[2], (T)d[3]);
        return;
    }
    if (!controls) {
        int positions[2], places[2], width = 0;
        u32 base = 0;
        T table[8];
        for (int t = 0; t < targets; t++) {
            u64 bit = ONE << op.at[t];
            if (bit & view.inside) {
                positions[width] = view.place[op.at[t]];
                places[width++] = t;
            } else if (bit & view.outside_values)
                base |= 1u << t;
        }
        for (int j = 0; j < 2 << targets; j++) table[j] = (T)d[j];
        k.diagonal(a, view.width, width, positions, places, base, table);
        return;
    }
    // Factor f[s] on the subspace where the targets in s are 1: unit numbers, so 1/d is its conjugate.
    double f[8];
    memcpy(f, d, sizeof(double) * (size_t)(2 << targets));
    for (int t = 0; t < targets; t++)
        for (int j = 0; j < 1 << targets; j++)
            if (j >> t & 1) {
                double *p = f + 2 * j, *q = f + 2 * (j ^ (1 << t));
                double re = p[0] * q[0] + p[1] * q[1], im = p[1] * q[0] - p[0] * q[1];
                p[0] = re;
                p[1] = im;
            }
    for (int j = 0; j < 1 << targets; j++) {
        if (f[2 * j] == 1 && f[2 * j + 1] == 0) continue;
        u64 ones = 0;
        for (int t = 0; t < targets; t++)
            if (j >> t & 1) ones |= ONE << op.at[t];
        u64 outside = ones & ~view.inside;
        if ((view.outside_values & outside) != outside) continue;
        k.scale(a, view.width, controls | placed(view, ones), (T)f[2 * j], (T)f[2 * j + 1]);
    }
}

// A matrix on targets in any order: the kernel wants them ascending.
template <class T>
void apply_matrix(const Op &op, const double *m, T *a, const View &view, u64 controls) {
    int k = op.targets, size = 1 << k, sorted[MAX_DENSE], rank[MAX_DENSE];
    for (int t = 0; t < k; t++) {
        int here = view.place[op.at[t]], below = 0;
        for (int s = 0; s < k; s++) below += view.place[op.at[s]] < here;
        rank[t] = below;
        sorted[below] = here;
    }
    if (k == 1 && m[0] == 0 && m[1] == 0 && m[2] == 1 && m[3] == 0 && m[4] == 1 && m[5] == 0) {
        kernels<T>().exchange(a, view.width, sorted[0], controls);
        return;
    }
    alignas(64) T numbers[2 << (2 * MAX_TARGETS)];
    int index[1 << MAX_TARGETS];
    for (int j = 0; j < size; j++) {
        index[j] = 0;
        for (int t = 0; t < k; t++)
            if (j >> t & 1) index[j] |= 1 << rank[t];
    }
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            numbers[2 * (index[i] * size + index[j])] = (T)m[2 * (i * size + j)];
            numbers[2 * (index[i] * size + index[j]) + 1] = (T)m[2 * (i * size + j) + 1];
        }
    kernels<T>().dense(a, view.width, k, sorted, controls, numbers);
}

} // namespace

template <class T>
void apply_op(const Plan &plan, const Op &op, i64 row, T *a, const View &view, T *work) {
    u64 outside = op.controls & ~view.inside;
    if ((view.outside_values & outside) != outside) return;
    u64 controls = placed(view, op.controls);
    const double *d = numbers_of(plan, op, row);
    if (op.code == KW_MATRIX)
        apply_matrix<T>(op, d, a, view, controls);
    else if (op.code == KW_DIAGONAL)
        apply_diagonal<T>(op, d, a, view, controls);
    else if (op.code == KW_ROTATION) {
        Pauli p = pauli_of(op, 0);
        double re, im;
        weight_of(p, view, d[1], re, im);
        kernels<T>().rotate(a, view.width, placed(view, p.x), placed(view, p.z), controls, (T)d[0],
                            (T)re, (T)im);
    } else if (op.code == KW_PAULI_SUM)
        apply_sum<T>(op, d, a, view, controls, work);
}

template <class T> void apply_pauli(T *a, const View &view, u64 x, u64 z) {
    kernels<T>().rotate(a, view.width, placed(view, x), placed(view, z), 0, 0, 1, 0);
}

// A dense group acts on the identity as on a register whose low half is the column number.
static void build_dense(const Plan &plan, const Group &group, i64 row, const Part &part, double *m) {
    int k = group.width;
    int8_t place[MAX_QUBITS];
    for (int j = 0; j < k; j++) place[group.at[j]] = (int8_t)(k + j);
    View view = {2 * k, place, group.qubits, 0};
    size_t size = (size_t)1 << k;
    memset(m, 0, 2 * sizeof(double) * size * size);
    for (size_t j = 0; j < size; j++) m[2 * (j * size + j)] = 1;
    double *work = m + 2 * size * size;
    each_of(
        plan, group, part, [&](const Op &op) { apply_op<double>(plan, op, row, m, view, work); },
        [&](const Error &e) { apply_pauli<double>(m, view, e.x, e.z); });
}

// A table of phases is the diagonal, which any diagonal operation multiplies like a state. With
// errors, it is what follows once all their flips have been made first.
static void build_table(const Plan &plan, const Group &group, i64 row, const Part &part, double *m) {
    int8_t place[MAX_QUBITS];
    for (int j = 0; j < group.width; j++) place[group.at[j]] = (int8_t)j;
    View view = {group.width, place, group.qubits, 0};
    for (int j = 0; j < 1 << group.width; j++) {
        m[2 * j] = 1;
        m[2 * j + 1] = 0;
    }
    each_of(
        plan, group, part, [&](const Op &op) { apply_op<double>(plan, op, row, m, view, nullptr); },
        [&](const Error &e) { apply_pauli<double>(m, view, e.x, e.z); });
}

template <class T>
void build_group(const Plan &plan, const Group &group, i64 row, const Part &part, T *out,
                 double *scratch) {
    bool dense = group.how != How::TABLE;
    int numbers = dense ? 1 << (2 * group.width) : 1 << group.width;
    if (dense)
        build_dense(plan, group, row, part, scratch);
    else
        build_table(plan, group, row, part, scratch);
    for (int j = 0; j < 2 * numbers; j++) out[j] = (T)scratch[j];
}

template void apply_op<double>(const Plan &, const Op &, i64, double *, const View &, double *);
template void apply_op<float>(const Plan &, const Op &, i64, float *, const View &, float *);
template void apply_pauli<double>(double *, const View &, u64, u64);
template void apply_pauli<float>(float *, const View &, u64, u64);
template void build_group<double>(const Plan &, const Group &, i64, const Part &, double *, double *);
template void build_group<float>(const Plan &, const Group &, i64, const Part &, float *, double *);

} // namespace kw
