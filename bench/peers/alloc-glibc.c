/* The C library's own malloc and free. Built with -fno-builtin, so that every call is made. */
#include <stdlib.h>

#define ALLOCATE malloc
#define RELEASE free
#include "alloc-loop.h"
