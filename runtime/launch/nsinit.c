// SPDX-License-Identifier: MIT
/* supd-nsinit: PID 1 of a service's PID namespace, see nsreap.h. Descriptor 3: job socket. */
#include "nsreap.h"

int main(void)
{
	/* The payload was forked first, right before this program was executed. */
	nsreap_serve(2);
}
