// A register as two halves, for what a measurement, a reset or a damping does to it.
#pragma once

#include "core.h"

namespace kw {

namespace {

constexpr i64 CHUNK = 1 << 14; // amplitudes
constexpr int LANES = 8;       // sums that run side by side

// A register as two halves, where a qubit is 0 and where it is 1, in chunks of fixed size.
template <class T> struct Halves {
    T *to;
    const T *from;
    i64 size; // amplitudes
    u64 bit;
    double *sums;  // two per chunk
    T factors[2];  // of the halves

    i64 chunk() const { return size < CHUNK ? size : CHUNK; }
    i64 chunks() const { return size / chunk(); }

    static inline double weight(const T *a) {
        double re = a[0], im = a[1];
        return re * re + im * im;
    }

    // Stretches of a chunk in which the qubit has one value: found(start, length, value).
    template <class F> void each_stretch(i64 number, F found) const {
        i64 start = number * chunk(), end = start + chunk();
        i64 length = (i64)bit < chunk() ? (i64)bit : chunk();
        for (i64 i = start; i < end; i += length) found(i, length, ((u64)i & bit) != 0);
    }

    static void sum(void *context, i64 number, int) {
        Halves &h = *(Halves *)context;
        double total[2] = {0, 0};
        if ((i64)h.bit < LANES || h.size < LANES) {
            i64 start = number * h.chunk();
            double lanes[LANES] = {0};
            for (i64 i = 0; i < h.chunk(); i += LANES)
                for (i64 k = 0; k < LANES && k < h.size; k++) lanes[k] += weight(h.from + 2 * (start + i + k));
            for (int k = 0; k < LANES; k++) total[((u64)k & h.bit) != 0] += lanes[k];
        } else
            h.each_stretch(number, [&](i64 start, i64 length, bool one) {
                double lanes[LANES] = {0};
                for (i64 i = 0; i < length; i += LANES)
                    for (i64 k = 0; k < LANES; k++) lanes[k] += weight(h.from + 2 * (start + i + k));
                for (int k = 0; k < LANES; k++) total[one] += lanes[k];
            });
        h.sums[2 * number] = total[0];
        h.sums[2 * number + 1] = total[1];
    }

    static void scale(void *context, i64 number, int) {
        Halves &h = *(Halves *)context;
        h.each_stretch(number, [&](i64 start, i64 length, bool one) {
            T f = h.factors[one];
            for (i64 i = 2 * start; i < 2 * (start + length); i++) h.to[i] = f * h.from[i];
        });
    }

    // What was 1 is 0 now: the half where the qubit is 1 takes the place of the other.
    static void fall(void *context, i64 number, int) {
        Halves &h = *(Halves *)context;
        T f = h.factors[1];
        h.each_stretch(number, [&](i64 start, i64 length, bool one) {
            if (one) return;
            T *zero = h.to + 2 * start, *rest = h.to + 2 * (start + (i64)h.bit);
            const T *was = h.from + 2 * (start + (i64)h.bit);
            for (i64 i = 0; i < 2 * length; i++) {
                zero[i] = f * was[i];
                rest[i] = 0;
            }
        });
    }
};

} // namespace

} // namespace kw
