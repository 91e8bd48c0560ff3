// Selective scan for the PyTorch peer: 32-bit floats, forward only, threads by OpenMP, vectors as wide as the machine's.
//   g++ -O3 -march=native -fopenmp -shared -fPIC scan.cpp -o scan.so
//
//   step = softplus(delta + bias);  h[n] = exp(step A[n]) h[n] + step u B[n];  y = sum_n h[n] C[n] + D u
//
// u, delta, y [B, K D, L]; A [K D, N]; B, C [B, K, N, L]; D, bias [K D]. Lanes are neighbouring channels. Time is cut
// into chunks: a chunk's rows are turned so that a step's channels lie together, then a few states at a time walk
// through it with their h in registers.
#include <algorithm>
#include <cstdint>
#include <cstring>

namespace {

#ifdef __AVX512F__
constexpr int W = 16;
#else
constexpr int W = 8;
#endif
constexpr int Steps = 64;       // of a chunk
constexpr int Together = 4;     // states that walk at once
constexpr int MaxStates = 64;

typedef float V __attribute__((vector_size(W * 4)));
typedef int32_t I __attribute__((vector_size(W * 4)));

inline V all(float x) { return V{} + x; }
inline V load(const float* p) { V v; std::memcpy(&v, p, sizeof v); return v; }
inline void store(float* p, V v) { std::memcpy(p, &v, sizeof v); }
inline V larger(V a, V b) { return a > b ? a : b; }
inline I bits(V v) { I i; std::memcpy(&i, &v, sizeof i); return i; }
inline V number(I i) { V v; std::memcpy(&v, &i, sizeof v); return v; }

// 2^x for x <= 127: adding 1.5 * 2^23 rounds to a whole number, which ends up in the low bits.
inline V exp2of(V x)
{
    const V magic = all(12582912.f);
    x = larger(x, all(-126.f));
    V shifted = x + magic;
    V r = x - (shifted - magic);
    // Taylor series of 2^r on [-1/2, 1/2]; the first term left out is below 2e-7.
    V p = all(1.5403530e-4f);
    p = p * r + 1.3333558e-3f;
    p = p * r + 9.6181291e-3f;
    p = p * r + 5.5504109e-2f;
    p = p * r + 2.4022651e-1f;
    p = p * r + 6.9314718e-1f;
    p = p * r + 1.f;
    return number(bits(p) + (bits(shifted) << 23));
}

// ln(1 + e^x) = max(x, 0) + 2 artanh(t / (2 + t)) with t = e^-|x|, so the series' argument is at most 1/3.
inline V softplus(V x)
{
    V zero = all(0.f), size = larger(x, -x);
    V t = exp2of(size * -1.44269504f);
    V s = t / (t + 2.f), q = s * s;
    V p = all(1.f / 15);
    for (int odd = 13; odd > 0; odd -= 2)
        p = p * q + 1.f / odd;
    return larger(x, zero) + 2.f * s * p;
}

// W rows of n numbers, `stride` apart, to n rows of W.
void turn(const float* from, long stride, long n, float* to)
{
    for (long t = 0; t < n; t++)
        for (int w = 0; w < W; w++)
            to[t * W + w] = from[w * stride + t];
}

struct Chunk
{
    float u[Steps * W], step[Steps * W], pushed[Steps * W], y[Steps * W];
};

// `Together` states through one chunk.
void walk(Chunk& c, const float* a, const float* b, const float* C, long stride, long n, float* state)
{
    V h[Together], rate[Together];
    for (int s = 0; s < Together; s++)
    {
        h[s] = load(state + s * W);
        rate[s] = load(a + s * W);
    }
    for (long t = 0; t < n; t++)
    {
        V step = load(c.step + t * W), pushed = load(c.pushed + t * W), y = load(c.y + t * W);
        for (int s = 0; s < Together; s++)
        {
            h[s] = exp2of(step * rate[s]) * h[s] + pushed * b[s * stride + t];
            y += h[s] * C[s * stride + t];
        }
        store(c.y + t * W, y);
    }
    for (int s = 0; s < Together; s++)
        store(state + s * W, h[s]);
}

}

// D a multiple of 16, N of 4 and at most 64.
extern "C" void selective_scan(const float* u, const float* delta, const float* A, const float* B, const float* C,
    const float* D, const float* bias, float* y, long batch, long K, long channels, long L, long N)
{
    #pragma omp parallel for collapse(3) schedule(dynamic, 1)
    for (long b = 0; b < batch; b++)
    for (long k = 0; k < K; k++)
    for (long d = 0; d < channels; d += W)
    {
        alignas(64) Chunk c;
        alignas(64) float a[MaxStates * W], state[MaxStates * W] = {};
        const long channel = k * channels + d, row = (b * K * channels + channel) * L, group = (b * K + k) * N * L;
        for (long n = 0; n < N; n++)
            for (int w = 0; w < W; w++)
                a[n * W + w] = A[(channel + w) * N + n] * 1.44269504f;
        for (long l = 0; l < L; l += Steps)
        {
            const long n = std::min<long>(Steps, L - l);
            turn(u + row + l, L, n, c.u);
            turn(delta + row + l, L, n, c.step);
            for (long t = 0; t < n * W; t += W)
            {
                V step = softplus(load(c.step + t) + load(bias + channel)), x = load(c.u + t);
                store(c.step + t, step);
                store(c.pushed + t, step * x);
                store(c.y + t, load(D + channel) * x);
            }
            for (long s = 0; s < N; s += Together)
                walk(c, a + s * W, B + group + s * L + l, C + group + s * L + l, L, n, state + s * W);
            for (long t = 0; t < n; t++)
                for (int w = 0; w < W; w++)
                    y[row + w * L + l + t] = c.y[t * W + w];
        }
    }
}
