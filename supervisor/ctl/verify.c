// SPDX-License-Identifier: MIT
/* verify: executes supd-load, which alone reads unit files; no daemon is asked. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "verbs.h"

/* Where supd-load is, relative to supctl's own directory: the build tree, then an installation. */
static const char *const places[] = { "supd-load", "../libexec/supd/supd-load" };

static char *find_loader(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0) {
		return NULL;
	}
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", self, places[i]) < 0) {
			path = NULL;
			return NULL;
		}
		if (access(path, X_OK) == 0) {
			return TAKE_PTR(path);
		}
	}
	return NULL;
}

int verb_verify(struct ctl *c, int n, char *const *args)
{
	AUTO_FREE char *loader = find_loader();
	AUTO_FREE char **argv = calloc((size_t)n + 4, sizeof(*argv));
	size_t used = 0;

	if (!loader || !argv) {
		ctl_error(c, "cannot find supd-load beside supctl");
		return EXIT_FAILED;
	}
	argv[used++] = loader;
	argv[used++] = (char *)"--verify";
	if (c->o.json) {
		argv[used++] = (char *)"--json";
	}
	for (int i = 1; i < n; i++) {
		argv[used++] = args[i];
	}
	fflush(c->out);
	execv(loader, argv);
	ctl_error(c, "%s: %s", loader, strerror(errno));
	return EXIT_FAILED;
}
