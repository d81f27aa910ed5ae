/* jemalloc, which takes the place of malloc and free in a program linked with it. */
#include <jemalloc/jemalloc.h>
#include <stdlib.h>

#define ALLOCATE malloc
#define RELEASE free
#include "alloc-loop.h"

/* Naming one symbol that only jemalloc has makes the link fail where the library is not there. */
void *const onlyInJemalloc = (void *)mallctl;
