/* The C interface of Ketway's dense state vector core. src/ketway/engines/core.py mirrors it. */
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define KW_API __declspec(dllexport)
#else
#define KW_API __attribute__((visibility("default")))
#endif

enum { KW_OK = 0, KW_NO_MEMORY = 1, KW_TOO_WIDE = 2, KW_ENDLESS = 3 };

/* What an operation is. Operands are its controls, then its targets. */
enum {
    KW_MATRIX = 0,    /* data: 4**targets complex numbers, row-major; at most 4 targets */
    KW_DIAGONAL = 1,  /* data: 2**targets complex numbers */
    KW_SWAP = 2,      /* no controls, no data: only renames qubits */
    KW_ROTATION = 3,  /* exp(-i angle P); data: cos, sin; one row of letters */
    KW_PAULI_SUM = 4, /* exp(-i sum c P); data: c of each term; one row of letters per term */
    KW_MEASURE = 5,   /* in the middle of a circuit */
    KW_RESET = 6,
    KW_JUMP = 7,  /* data: the operation to go on at, an assignment, if the expression is 0 */
    KW_ASSIGN = 8 /* evaluate the expression, which stores its value; or only be a place to go to */
};

/* Forms of matrices. Monomial: one number per row, of +-1 and +-i. Half: each number is real or
   imaginary. Full: anything. */
enum { KW_MONOMIAL = 0, KW_HALF = 1, KW_FULL = 2 };

typedef struct {
    int32_t qubits;
    int32_t ops;
    const uint8_t *codes;
    const uint8_t *controls;
    const int32_t *operand_starts; /* ops + 1 */
    const int32_t *operands;
    const int32_t *terms;         /* rows of letters (1 for a rotation) */
    const int32_t *letter_starts; /* of the letters of an operation */
    const uint8_t *letters;       /* 0..3 for I X Y Z */
    const int64_t *data;          /* where an operation's numbers start, in doubles */
    const uint8_t *forms;         /* a hint for planning: KW_MONOMIAL, KW_HALF or KW_FULL */
    const uint8_t *varies;        /* 1: in the row's numbers; 0: in the constants */
    const double *constants;
    const double *rows;
    int64_t stride;       /* doubles per row */
    const int32_t *slots; /* bit of the record that a measurement writes; an expression; or -1 */
    int32_t reads;        /* qubits read at the end */
    const int32_t *read_qubits; /* bit j of an outcome is qubit read_qubits[j]; all different */
} kw_program;

/* What is wanted of every row, and where it goes. Rows of the outputs follow each other. */
typedef struct {
    int32_t single; /* 1: single precision */
    int32_t threads;
    int32_t exact;
    int64_t rows;
    int64_t shots;
    int64_t kept;     /* at most so many outcomes of an exact distribution */
    double floor;     /* probabilities not above this are left out */
    const uint64_t *seeds;
    int64_t room;     /* outcomes per row that fit the outputs */
    uint64_t *outcomes;
    double *probabilities; /* only when exact */
    int64_t *counts;       /* only with shots */
    uint32_t *order;       /* rows x shots: place of each shot's outcome; only with shots */
    int64_t *lengths;      /* outcomes of each row */
    double *masses;        /* probability mass kept of each row */
} kw_wanted;

/* Steps of channels, on one or two qubits. Cases happen by given probabilities; a case with several
   Kraus operators is settled by their weights in the state. */
typedef struct {
    const int32_t *starts;    /* steps + 1: the cases of a step */
    const uint64_t *limits;   /* of each case: 64 random bits below it, and not below that of the one
                                 before, choose the case, if anything happens; the last has all bits */
    const int32_t *operators; /* cases + 1: the operators of a case */
    const int64_t *data;      /* of each operator, where its numbers start, in doubles: 4 or 16 complex
                                 numbers, row-major, `first` of the site on the low bit */
    const double *numbers;
} kw_steps;

/* What may go wrong after operations, in the order of the operations: a site is a Pauli error on one
   or two qubits, the damping of one qubit, which takes a 1 to 0 with a probability of its own, or a
   step of a channel. Whether anything happens at a site does not depend on the state. */
typedef struct {
    int32_t sites;
    const int32_t *ops;     /* the operation that the site follows */
    const int32_t *first;   /* operand qubits of the error */
    const int32_t *second;  /* or -1 */
    const double *odds;     /* probability that anything happens */
    const int32_t *tables;  /* which row of limits says what Pauli happens; -1: a damping;
                               -2 - k: step k */
    const double *damping;  /* of a damping that happens: the odds that a 1 becomes a 0 */
    const uint64_t *limits; /* rows of 16: 64 random bits below limit k, and not below k - 1, are the
                               Pauli with letters k & 3 on `first` and k >> 2 on `second` */
    const kw_steps *steps;  /* or null */
} kw_noise;

/* Words of an expression's code, as in src/ketway/circuits/control.py, and how many words follow. */
enum {
    KW_BIT = 0, KW_BITS = 1, KW_NUMBER = 2, KW_NOT = 3, KW_IS_ZERO = 4, KW_LOW = 5, KW_SIGNED = 6,
    KW_AND = 7, KW_OR = 8, KW_XOR = 9, KW_ADD = 10, KW_SUBTRACT = 11, KW_MULTIPLY = 12,
    KW_DIVIDE = 13, KW_REMAINDER = 14, KW_LEFT = 15, KW_RIGHT = 16, KW_EQUAL = 17, KW_LESS = 18,
    KW_AT_MOST = 19, KW_LESS_SIGNED = 20, KW_AT_MOST_SIGNED = 21,
    KW_STORE = 22 /* the core's own, at the end of an assignment: a count, and bits of the record */
};

/* What jumps and assignments need. Bits are bits of the record. */
typedef struct {
    const int32_t *starts;  /* expressions + 1 */
    const int32_t *words;
    const double *misread;  /* for each operation, if it measures: as in kw_sampling; or null */
    int64_t most_loops;     /* jumps backwards that a shot may take */
    int64_t endless;        /* out: with KW_ENDLESS, the operation that jumped once more */
} kw_control;

typedef struct {
    int32_t single;
    int32_t threads;
    int64_t rows;
    int64_t shots;
    const uint64_t *seeds;
    int32_t words;             /* 64-bit words of a record */
    const int32_t *read_slots; /* bits of the record that the final reads write: see read_starts */
    const int32_t *read_starts; /* reads + 1 */
    int32_t slots;             /* bits of a record */
    const double *misread;     /* for each: the odds that a 0 is read as 1, and a 1 as 0; or null */
    uint64_t *records;         /* rows x shots x words, zeroed by the caller */
    kw_control *control;       /* or null */
} kw_sampling;

/* The exact distribution of a circuit with events, by walking every branch. */
typedef struct {
    int32_t single;
    int32_t threads;
    int64_t rows;
    double floor;               /* branches and outcomes of less weight are left out */
    int64_t most;               /* branches of a row, beyond which it is given up */
    int64_t room;               /* entries of a row, beyond which it is given up */
    const int32_t *read_slots;  /* as in kw_sampling, at most 64 bits in all */
    const int32_t *read_starts;
    kw_control *control;        /* or null */
    uint64_t *records;          /* rows x room: outcomes in any order, some more than once */
    double *weights;            /* rows x room */
    int64_t *lengths;           /* entries of each row; -1: given up */
} kw_branches;

KW_API int32_t kw_abi(void);
/* The instruction set in use: "baseline", "avx2", "avx512". */
KW_API const char *kw_isa(void);
/* Exact distributions and shots of circuits without events. */
KW_API int kw_run(const kw_program *program, const kw_wanted *wanted);
/* The same for many programs of one row each, every one on a thread of its own. */
KW_API int kw_run_many(int64_t count, const kw_program *programs, const kw_wanted *wanted,
                       int32_t threads);
/* Shots of circuits with errors, measurements in the middle or resets. */
KW_API int kw_branch(const kw_program *program, const kw_noise *noise, const kw_sampling *sampling);
/* Exact distributions of circuits with measurements in the middle, resets or control. */
KW_API int kw_distribute(const kw_program *program, const kw_branches *branches);
/* The final amplitudes of one row, as double precision pairs. */
KW_API int kw_state(const kw_program *program, int64_t row, int32_t single, int32_t threads,
                    double *amplitudes);
/* The real parts of chosen amplitudes of every row, 2**bits of each: bit j of a choice stands for the
   qubits masks[j] of the register. For density matrices written as vectors. */
KW_API int kw_real(const kw_program *program, int64_t rows, int32_t single, int32_t threads,
                   int32_t bits, const uint64_t *masks, double *chosen);
/* How the circuit is cut: counts of operations, fused groups and passes over the memory. */
KW_API int kw_describe(const kw_program *program, int32_t single, int64_t *groups, int64_t *passes);

/* Real sums of Pauli products. Term t is i**|x & z| X**x Z**z; bit q of a mask is qubit q. */
typedef struct {
    int32_t single;
    int32_t threads;
    int64_t rows;
    int64_t terms;
    const uint64_t *x; /* no two terms are the same, and none is the identity */
    const uint64_t *z;
    int64_t observables;
    const int64_t *starts;  /* observables + 1 */
    const int32_t *members; /* the terms of an observable */
    const double *coefficients;
    double *values;    /* rows x observables */
    double *variances; /* the same, or null */
} kw_expected;

/* Expectation values of circuits without events, whose program reads every qubit in order. */
KW_API int kw_expect(const kw_program *program, const kw_expected *wanted);

#ifdef __cplusplus
}
#endif
