// SPDX-License-Identifier: MIT
/*
 * Ownership helpers: cleanup attributes and explicit transfer.
 *
 * AUTO(fn) runs fn(&variable) when the variable leaves its scope. TAKE_PTR and TAKE_FD hand a
 * value to the caller and disarm the variable. Nothing here allocates.
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define AUTO(fn) __attribute__((cleanup(fn)))

/* Defines NAME_auto(T **) for a destructor `void name(T *)` that accepts NULL. */
#define DEFINE_AUTO(type, name)                                                                    \
	static inline void name##_auto(type **p)                                                   \
	{                                                                                          \
		if (*p) {                                                                          \
			name(*p);                                                                  \
		}                                                                                  \
	}                                                                                          \
	struct auto_semicolon_##name

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
}

#define AUTO_FREE  AUTO(cleanup_free)
#define AUTO_CLOSE AUTO(cleanup_close)

#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_p_ = &(p);                                                     \
		__typeof__(p) take_v_ = *take_p_;                                                  \
		*take_p_ = NULL;                                                                   \
		take_v_;                                                                           \
	})

static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

#define TAKE_FD(fd)   take_fd(&(fd))

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
