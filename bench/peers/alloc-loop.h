/*
 * The allocation workload in C: 100 objects allocated, the first word of each written, then the 100 freed in
 * the order they came. alloc-loop.ts is its mirror.
 *
 * The including file defines ALLOCATE(bytes) and RELEASE(p). The sizes come from the file named by the first
 * argument, so every subject sees the same ones. The pointers go through a volatile array: the compiler can
 * then neither drop a pair nor keep one in a register.
 */
#ifndef LULL_BENCH_ALLOC_LOOP_H
#define LULL_BENCH_ALLOC_LOOP_H

#include <stdint.h>
#include <stdlib.h>

#include "rounds.h"

#define BATCH_OBJECTS 100
#define MOST_SIZES 65536

static uint32_t sizes[MOST_SIZES];
static long sizeCount;
static long position;
static void *volatile held[BATCH_OBJECTS];

static double measureAllocations(long operations) {
  long batches = operations / BATCH_OBJECTS;
  double start = nowNanos();
  for (long batch = 0; batch < batches; batch++) {
    for (int i = 0; i < BATCH_OBJECTS; i++) {
      uint32_t *object = ALLOCATE(sizes[position + i]);
      *(volatile uint32_t *)object = (uint32_t)i;
      held[i] = object;
    }
    for (int i = 0; i < BATCH_OBJECTS; i++) RELEASE(held[i]);
    position += BATCH_OBJECTS;
    if (position == sizeCount) position = 0;
  }
  return (nowNanos() - start) / (double)(batches * BATCH_OBJECTS);
}

int main(int count, char **arguments) {
  FILE *file = count > 1 ? fopen(arguments[1], "r") : NULL;
  if (file == NULL) {
    fputs("expected the size table as the first argument: a file with one size in bytes per line\n", stderr);
    return 2;
  }
  while (sizeCount < MOST_SIZES && fscanf(file, "%u", &sizes[sizeCount]) == 1) sizeCount++;
  fclose(file);
  if (sizeCount == 0 || sizeCount % BATCH_OBJECTS != 0) {
    fprintf(stderr, "the size table has %ld sizes; a multiple of %d is needed\n", sizeCount, BATCH_OBJECTS);
    return 2;
  }
  return serveRounds(measureAllocations);
}

#endif
