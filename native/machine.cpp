#include "machine.h"

namespace kw {

template <class T> void Machine<T>::open(Arena &arena, const Plan &p, Team *t) {
    plan = &p;
    team = t;
    int workers = t ? t->size : 1, n = p.qubits;
    int width = n < Tiling<T>::TILE ? n : Tiling<T>::TILE;
    matrices = arena.array<T>(2 * (size_t)p.numbers);
    tiles = arena.zeros<T *>(workers);
    works = arena.zeros<T *>(workers);
    whole_work = nullptr;
    bool wide = false;
    for (int i = 0; i < p.pass_count; i++)
        for (int g = p.passes[i].first; g < p.passes[i].end; g++)
            for (int op = p.groups[g].first; op >= 0; op = p.ops[op].next)
                wide |= p.ops[op].code == KW_PAULI_SUM && p.passes[i].width > width;
    for (int w = 0; w < workers; w++) {
        if (n > width) tiles[w] = arena.array<T>(2 * amplitudes(width));
        if (p.sums) works[w] = arena.array<T>(4 * amplitudes(width));
    }
    if (wide) whole_work = arena.array<T>(4 * amplitudes(n));
}

template <class T> void Machine<T>::prepare(i64 r) {
    row = r;
    alignas(64) double scratch[6 << (2 * MAX_DENSE)];
    for (int g = 0; g < plan->group_count; g++) {
        const Group &group = plan->groups[g];
        if (group.how == How::DENSE || group.how == How::TABLE)
            build_group<T>(*plan, group, r, {0, group.count, nullptr, 0},
                           matrices + 2 * group.matrix, scratch);
    }
}

template <class T>
void Machine<T>::apply(T *a, const View &view, int g, Instead<T> instead, T *work) const {
    const Group &group = plan->groups[g];
    bool other = instead.group == g;
    const T *matrix = other ? instead.matrix : matrices + 2 * group.matrix;
    if (group.how == How::LIST && !other) {
        for (int op = group.first; op >= 0; op = plan->ops[op].next)
            apply_op<T>(*plan, plan->ops[op], row, a, view, work);
    } else if (group.how != How::TABLE) {
        int targets[MAX_DENSE];
        for (int j = 0; j < group.width; j++) targets[j] = view.place[group.at[j]];
        kernels<T>().dense(a, view.width, group.width, targets, 0, matrix);
    } else {
        int positions[MAX_DIAGONAL], places[MAX_DIAGONAL], width = 0;
        u32 base = 0;
        for (int j = 0; j < group.width; j++) {
            u64 bit = ONE << group.at[j];
            if (bit & view.inside) {
                positions[width] = view.place[group.at[j]];
                places[width++] = j;
            } else if (bit & view.outside_values)
                base |= 1u << j;
        }
        kernels<T>().diagonal(a, view.width, width, positions, places, base, matrix);
    }
}

namespace {

struct Whole {
    int8_t place[MAX_QUBITS];
    View view;
    explicit Whole(int n) {
        for (int q = 0; q < MAX_QUBITS; q++) place[q] = (int8_t)q;
        view.width = n;
        view.place = place;
        view.inside = n ? ~(u64)0 >> (64 - n) : 0;
        view.outside_values = 0;
    }
};

// Spread the bits of `number` over the bits of `mask`, lowest first.
u64 spread(u64 number, u64 mask) {
    u64 out = 0;
    for (; number && mask; number >>= 1, mask &= mask - 1)
        if (number & 1) out |= mask & (~mask + 1);
    return out;
}

template <class T> struct PassRun {
    const Machine<T> *machine;
    const Pass *pass;
    T *to;
    const T *from;
    int first, end;
    Instead<T> instead;
    int8_t place[MAX_QUBITS];
    u64 outside;
    int run;      // lowest qubits, all inside: copied in one go
    u64 *offsets; // of every run of a tile

    static void tile(void *context, i64 number, int worker) {
        const PassRun &p = *(const PassRun *)context;
        const Machine<T> &m = *p.machine;
        int width = p.pass->width;
        u64 base = spread((u64)number, p.outside);
        View view = {width, p.place, p.pass->qubits, base};
        bool in_place = p.run == width;
        T *a = in_place ? p.to + 2 * base : m.tiles[worker];
        size_t length = amplitudes(p.run), bytes = 2 * sizeof(T) * length;
        size_t runs = amplitudes(width - p.run);
        if (!in_place)
            for (size_t i = 0; i < runs; i++)
                memcpy(a + 2 * i * length, p.from + 2 * (base | p.offsets[i]), bytes);
        else if (p.from != p.to)
            memcpy(a, p.from + 2 * base, bytes);
        for (int g = p.first; g < p.end; g++) m.apply(a, view, g, p.instead, m.works[worker]);
        if (!in_place)
            for (size_t i = 0; i < runs; i++)
                memcpy(p.to + 2 * (base | p.offsets[i]), a + 2 * i * length, bytes);
    }
};

} // namespace

template <class T>
void Machine<T>::run(T *to, const T *from, int first, int end, Instead<T> instead) const {
    int n = plan->qubits;
    Whole whole(n);
    bool copied = to == from;
    for (int g = first; g < end;) {
        const Pass &pass = plan->passes[plan->groups[g].pass];
        int stop = pass.end < end ? pass.end : end;
        if (pass.width == n) {
            if (!copied) memcpy(to, from, 2 * sizeof(T) * amplitudes(n));
            T *work = n <= Tiling<T>::TILE ? works[0] : whole_work;
            for (; g < stop; g++) apply(to, whole.view, g, instead, work);
        } else {
            PassRun<T> p;
            p.machine = this;
            p.pass = &pass;
            p.to = to;
            p.from = copied ? to : from;
            p.first = g;
            p.end = stop;
            p.instead = instead;
            p.outside = ~pass.qubits & ((ONE << n) - 1);
            p.run = p.outside ? lowest(p.outside) : n;
            if (p.run > pass.width) p.run = pass.width;
            int k = 0;
            for (int q = 0; q < n; q++) p.place[q] = (pass.qubits >> q & 1) ? (int8_t)k++ : (int8_t)-1;
            u64 offsets[1 << (Tiling<T>::TILE - Tiling<T>::RUN)];
            u64 moving = pass.qubits & ~((ONE << p.run) - 1);
            for (u64 i = 0; i < ONE << (pass.width - p.run); i++) offsets[i] = spread(i, moving);
            p.offsets = offsets;
            i64 tiles_count = (i64)amplitudes(n - pass.width);
            if (team)
                team->each(tiles_count, PassRun<T>::tile, &p);
            else
                for (i64 t = 0; t < tiles_count; t++) PassRun<T>::tile(&p, t, 0);
            g = stop;
        }
        copied = true;
    }
    if (!copied) memcpy(to, from, 2 * sizeof(T) * amplitudes(n));
}

template <class T> void Machine<T>::start(T *state) const {
    memset(state, 0, 2 * sizeof(T) * amplitudes(plan->qubits));
    state[0] = 1;
}

template <class T> void Machine<T>::pauli(T *state, u64 x, u64 z) const {
    Whole whole(plan->qubits);
    apply_pauli<T>(state, whole.view, x, z);
}

template <class T> void Machine<T>::one_by_one(T *state, int g, const Part &part) const {
    int n = plan->qubits;
    Whole whole(n);
    T *work = n <= Tiling<T>::TILE ? works[0] : whole_work;
    each_of(
        *plan, plan->groups[g], part,
        [&](const Op &op) { apply_op<T>(*plan, op, row, state, whole.view, work); },
        [&](const Error &e) { apply_pauli<T>(state, whole.view, e.x, e.z); });
}

template struct Machine<double>;
template struct Machine<float>;

} // namespace kw
