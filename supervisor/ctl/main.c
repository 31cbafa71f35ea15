// SPDX-License-Identifier: MIT
/* supctl: one command to supd, with the caller's own rights. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "exitcode.h"
#include "sysv.h"
#include "verbs.h"

/* What is opened next must not become a standard stream: the caller may have closed his. */
static int fill_streams(void)
{
	for (int i = 0; i < 3; i++) {
		if (fcntl(i, F_GETFD) >= 0) {
			continue;
		}
		if (open("/dev/null", O_RDWR | O_CLOEXEC) != i || fcntl(i, F_SETFD, 0) < 0) {
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct ctl c;
	int code;

	if (fill_streams() < 0) {
		return EXIT_FAILED;
	}
	setlocale(LC_TIME, "C");
	ctl_init(&c, stdout, stderr);
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "supctl";

	code = sysv_is(name) ? power_by_old_name(&c, name, argc, argv) : verbs_main(&c, argc, argv);
	ctl_fini(&c);
	return code;
}
