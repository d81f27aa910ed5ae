/*
 * The line protocol of a subject, in C: the same as subject.ts speaks.
 *
 * The parent writes "round N"; the subject does N operations of its workload and answers with one line of
 * JSON, {"value":...}, in the unit of its comparison. It says {"ready":true} first, and ends with its input.
 */
#ifndef LULL_BENCH_ROUNDS_H
#define LULL_BENCH_ROUNDS_H

#include <stdio.h>
#include <time.h>

static double nowNanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int serveRounds(double (*measure)(long operations)) {
  char line[64];
  long operations;
  puts("{\"ready\":true}");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL && sscanf(line, "round %ld", &operations) == 1) {
    printf("{\"value\":%.4f}\n", measure(operations));
    fflush(stdout);
  }
  return 0;
}

#endif
