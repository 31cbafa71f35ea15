// SPDX-License-Identifier: MIT
/* supctl: one command to supd, with the caller's own rights. */
#include <locale.h>
#include <stdio.h>

#include "verbs.h"

int main(int argc, char **argv)
{
	struct ctl c;
	int code;

	setlocale(LC_TIME, "C");
	ctl_init(&c, stdout, stderr);
	code = verbs_main(&c, argc, argv);
	ctl_fini(&c);
	return code;
}
