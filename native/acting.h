// What a step of a channel does to a register: the weights of its operators, and one of them.
//
// The weights need the register only through the reduced density matrix of the step's qubits, which
// is summed once however many operators there are; where no operator mixes, its diagonal is enough.
#pragma once

#include "halves.h"
#include "machine.h"

namespace kw {

namespace {

constexpr int MOST_OPERATORS = 64; // of one case
constexpr int DENSITY = 16;        // reals of a density matrix of two qubits

// K^dagger K of every operator, in the places of the operators, and whether it is diagonal for all of
// a case.
struct Squares {
    double *numbers;
    bool *diagonal;

    void open(Arena &arena, const kw_noise &noise) {
        if (!noise.steps) return;
        const kw_steps &s = *noise.steps;
        int last = 0, steps = 0;
        for (int i = 0; i < noise.sites; i++)
            if (noise.tables[i] < -1 && -1 - noise.tables[i] > steps) steps = -1 - noise.tables[i];
        last = steps ? s.starts[steps] : 0;
        i64 end = 0;
        for (int k = 0; k < s.operators[last]; k++) end = s.data[k] + 32 > end ? s.data[k] + 32 : end;
        numbers = arena.zeros<double>(end + 1);
        diagonal = arena.zeros<bool>(last + 1);
        bool *done = arena.zeros<bool>(last + 1);
        for (int i = 0; i < noise.sites; i++) {
            if (noise.tables[i] > -2) continue;
            int step = -2 - noise.tables[i];
            for (int c = s.starts[step]; c < s.starts[step + 1]; c++) {
                if (done[c]) continue;
                done[c] = diagonal[c] = true;
                for (int k = s.operators[c]; k < s.operators[c + 1]; k++)
                    diagonal[c] &= square(s.numbers + s.data[k], numbers + s.data[k],
                                          noise.second[i] < 0 ? 2 : 4);
            }
        }
    }

    static bool square(const double *k, double *out, int dim) {
        bool plain = true;
        for (int r = 0; r < dim; r++)
            for (int c = 0; c < dim; c++) {
                double re = 0, im = 0;
                for (int j = 0; j < dim; j++) {
                    const double *a = k + 2 * (j * dim + r), *b = k + 2 * (j * dim + c);
                    re += a[0] * b[0] + a[1] * b[1];
                    im += a[0] * b[1] - a[1] * b[0];
                }
                out[2 * (r * dim + c)] = re;
                out[2 * (r * dim + c) + 1] = im;
                plain &= r == c || (re == 0 && im == 0);
            }
        return plain;
    }
};

template <class T> struct Acting {
    int qubits, width;
    int targets[2]; // ascending
    bool turned;    // the first qubit of the step is the higher
    double *sums;   // DENSITY per chunk
    const T *from;
    double density[DENSITY]; // diagonal, then the real and imaginary parts above it, row by row
    double trace;
    bool diagonal;

    void open(int n, int first, int second, double *space) {
        qubits = n;
        width = second < 0 ? 1 : 2;
        turned = second >= 0 && first > second;
        targets[0] = turned ? second : first;
        targets[1] = turned ? first : second;
        sums = space;
    }

    int dim() const { return 1 << width; }
    i64 bases() const { return (i64)1 << (qubits - width); }
    i64 chunk() const { return bases() < CHUNK / 4 ? bases() : CHUNK / 4; }
    i64 chunks() const { return bases() / chunk(); }

    // The index of a base: its bits around zeros at the targets.
    i64 index(i64 base) const {
        for (int t = 0; t < width; t++) {
            i64 low = ((i64)1 << targets[t]) - 1;
            base = (base & low) | (base & ~low) << 1;
        }
        return base;
    }

    // Bit j of `k` is the j-th of the targets.
    i64 offset(int k) const {
        i64 out = 0;
        for (int t = 0; t < width; t++)
            if (k >> t & 1) out |= (i64)1 << targets[t];
        return out;
    }

    template <int DIM, bool DIAGONAL, int STEP>
    static void add(Acting &a, i64 number, double (*lanes)[LANES]) {
        const T *p[DIM];
        i64 length = (i64)1 << a.targets[0]; // bases in a row
        if (length > a.chunk()) length = a.chunk();
        for (i64 base = number * a.chunk(), end = base + a.chunk(); base < end; base += length) {
            i64 at = a.index(base);
            for (int k = 0; k < DIM; k++) p[k] = a.from + 2 * (at + a.offset(k));
            for (i64 i = 0; i < length; i += STEP)
                for (int l = 0; l < STEP; l++) {
                    double re[DIM], im[DIM];
                    for (int k = 0; k < DIM; k++) {
                        re[k] = p[k][2 * (i + l)];
                        im[k] = p[k][2 * (i + l) + 1];
                        lanes[k][l] += re[k] * re[k] + im[k] * im[k];
                    }
                    if constexpr (!DIAGONAL)
                        for (int r = 0, at = DIM; r < DIM; r++)
                            for (int c = r + 1; c < DIM; c++, at += 2) {
                                lanes[at][l] += re[r] * re[c] + im[r] * im[c];
                                lanes[at + 1][l] += im[r] * re[c] - re[r] * im[c];
                            }
                }
        }
    }

    template <int DIM, bool DIAGONAL> static void sum_of(Acting &a, i64 number) {
        double lanes[DENSITY][LANES] = {{0}};
        if (a.targets[0] >= 3 && a.chunk() >= LANES)
            add<DIM, DIAGONAL, LANES>(a, number, lanes);
        else
            add<DIM, DIAGONAL, 1>(a, number, lanes);
        for (int i = 0; i < DENSITY; i++) {
            double total = 0;
            for (int l = 0; l < LANES; l++) total += lanes[i][l];
            a.sums[number * DENSITY + i] = total;
        }
    }

    static void sum(void *context, i64 number, int) {
        Acting &a = *(Acting *)context;
        if (a.width == 1)
            a.diagonal ? sum_of<2, true>(a, number) : sum_of<2, false>(a, number);
        else
            a.diagonal ? sum_of<4, true>(a, number) : sum_of<4, false>(a, number);
    }

    // The density matrix of the qubits, or its diagonal.
    void measure(const T *state, bool only_diagonal, Team *team) {
        from = state;
        diagonal = only_diagonal;
        if (team)
            team->each(chunks(), sum, this);
        else
            for (i64 c = 0; c < chunks(); c++) sum(this, c, 0);
        for (int i = 0; i < DENSITY; i++) {
            density[i] = 0;
            for (i64 c = 0; c < chunks(); c++) density[i] += sums[c * DENSITY + i];
        }
        trace = 0;
        for (int k = 0; k < dim(); k++) trace += density[k];
    }

    int placed(int k) const { return turned ? (k & 1) << 1 | k >> 1 : k; }

    // What an operator weighs in the state, by its square.
    double weight(const double *square) const {
        double out = 0;
        for (int r = 0, at = dim(); r < dim(); r++) {
            out += density[r] * square[2 * (placed(r) * dim() + placed(r))];
            for (int c = r + 1; c < dim() && !diagonal; c++, at += 2) {
                // trace(square rho): rho[r][c] meets square[c][r], and the other pair is conjugate.
                const double *s = square + 2 * (placed(c) * dim() + placed(r));
                out += 2 * (density[at] * s[0] - density[at + 1] * s[1]);
            }
        }
        return out > 0 ? out : 0;
    }

    struct Applied {
        const Acting *acting;
        T *to;
        const T *matrix;
        int inside; // qubits of a piece

        static void run(void *context, i64 number, int) {
            Applied &a = *(Applied *)context;
            kernels<T>().dense(a.to + ((size_t)number << (a.inside + 1)), a.inside, a.acting->width,
                               a.acting->targets, 0, a.matrix);
        }
    };

    void apply(T *to, const double *numbers, double factor, Team *team) const {
        alignas(64) T matrix[2 * DENSITY];
        for (int r = 0; r < dim(); r++)
            for (int c = 0; c < dim(); c++)
                for (int part = 0; part < 2; part++)
                    matrix[2 * (r * dim() + c) + part] =
                        (T)(factor * numbers[2 * (placed(r) * dim() + placed(c)) + part]);
        // Pieces that hold all targets; threads share them.
        constexpr int LEAST = 14;
        int inside = targets[width - 1] + 1;
        if (inside < LEAST) inside = LEAST;
        if (inside > qubits || !team) inside = qubits;
        Applied applied = {this, to, matrix, inside};
        i64 pieces = (i64)1 << (qubits - inside);
        if (pieces > 1)
            team->each(pieces, Applied::run, &applied);
        else
            Applied::run(&applied, 0, 0);
    }
};

} // namespace

} // namespace kw
