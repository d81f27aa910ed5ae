/* mimalloc by its own names. */
#include <mimalloc.h>

#define ALLOCATE mi_malloc
#define RELEASE mi_free
#include "alloc-loop.h"
