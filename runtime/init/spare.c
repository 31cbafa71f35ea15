// SPDX-License-Identifier: MIT
#include "spare.h"

#include <errno.h>
#include <fcntl.h>

#include "../base/cleanup.h"
#include "broker.h"
#include "util.h"

void spare_fill(struct broker *b)
{
	while (b->n_spares < ELEMENTSOF(b->spares)) {
		int fd = fcntl(LOW_FD_NULL, F_DUPFD_CLOEXEC, LOW_FD_END);

		if (fd < 0) {
			return;
		}
		b->spares[b->n_spares++] = fd;
	}
}

bool spare_give(struct broker *b, int error)
{
	if ((error != -EMFILE && error != -ENFILE) || b->n_spares == 0) {
		return false;
	}
	while (b->n_spares > 0) {
		util_close(&b->spares[--b->n_spares]);
	}
	return true;
}
