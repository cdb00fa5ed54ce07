// Random numbers by their place: Philox4x32-10, which turns a counter and a key
// into 128 bits.
//
// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011.
#pragma once

namespace gpugrad {

struct Philox {
  static constexpr int WORDS = 4;
  static constexpr int ROUNDS = 10;
  unsigned words[WORDS];

  // The words of a place, which is the lower half of the counter; the upper
  // half is 0.
  __device__ Philox(unsigned long long place, unsigned key0, unsigned key1)
      : words{unsigned(place), unsigned(place >> 32), 0, 0} {
#pragma unroll
    for (int round = 0; round < ROUNDS; ++round) {
      const unsigned long long a = 0xD2511F53ull * words[0];
      const unsigned long long b = 0xCD9E8D57ull * words[2];
      words[0] = unsigned(b >> 32) ^ words[1] ^ key0;
      words[1] = unsigned(b);
      words[2] = unsigned(a >> 32) ^ words[3] ^ key1;
      words[3] = unsigned(a);
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
  }
};

}  // namespace gpugrad
