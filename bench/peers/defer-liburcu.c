/*
 * Deferred freeing with liburcu's QSBR flavour, its fastest: malloc, write one word, publish the address in a table of
 * 1,024, call_rcu for the object that was there before, and free in the callback. defer-lull.ts is its mirror.
 *
 * The reader's only cost is rcu_quiescent_state() after each batch of 10,000 objects. The callbacks run on
 * liburcu's own thread, at the same time as the loop here, and the round ends when rcu_barrier() says that all
 * of them have run. No limit holds the loop back inside a round: waiting for room was measured, and only made
 * liburcu slower, as its thread sleeps 10 ms between two grace periods.
 */
#define _LGPL_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "rounds.h"

#define BATCH_OBJECTS 10000
#define OBJECT_BYTES 64
#define PUBLISHED 1024

struct object {
  struct rcu_head head;
  uint32_t payload;
};

static struct object *published[PUBLISHED];

static void freeObject(struct rcu_head *head) { free(head); }

static double measureDeferred(long operations) {
  long batches = operations / BATCH_OBJECTS;
  rcu_thread_online();
  double start = nowNanos();
  for (long batch = 0; batch < batches; batch++) {
    for (int i = 0; i < BATCH_OBJECTS; i++) {
      struct object *object = malloc(OBJECT_BYTES);
      object->payload = (uint32_t)i;
      struct object **place = &published[i % PUBLISHED];
      struct object *old = *place;
      rcu_assign_pointer(*place, object);
      call_rcu(&old->head, freeObject);
    }
    rcu_quiescent_state();
  }
  rcu_barrier();
  double nanos = nowNanos() - start;
  /* A registered thread that sleeps on its input would hold up every grace period. */
  rcu_thread_offline();
  return nanos / (double)(batches * BATCH_OBJECTS);
}

int main(void) {
  for (int i = 0; i < PUBLISHED; i++) published[i] = malloc(OBJECT_BYTES);
  rcu_register_thread();
  rcu_thread_offline();
  int status = serveRounds(measureDeferred);
  rcu_thread_online();
  rcu_unregister_thread();
  return status;
}
