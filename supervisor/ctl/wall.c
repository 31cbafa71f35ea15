// SPDX-License-Identifier: MIT
#include "wall.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"

#define FILE_MAX_SIZE 4096
#define TEXT_SIZE     2048

/* Below /dev, and nothing above it: utmp is written by others than root. */
static int open_terminal(const char *line)
{
	char path[128];
	int fd;

	if (strstr(line, "..") || strncmp(line, ":", 1) == 0 ||
		snprintf(path, sizeof(path), "/dev/%s", line) >= (int)sizeof(path)) {
		return -1;
	}
	fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && !isatty(fd)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static const char *terminal_of_ours(void)
{
	const char *name = isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : NULL;

	return name && strncmp(name, "/dev/", 5) == 0 ? name + 5 : NULL;
}

void wall_send(const char *text)
{
	const char *own = terminal_of_ours(), *user = getlogin();
	char host[65] = "", clock[64] = "", all[TEXT_SIZE];
	time_t now = time(NULL);
	struct tm broken;
	int n;

	gethostname(host, sizeof(host) - 1);
	if (localtime_r(&now, &broken)) {
		strftime(clock, sizeof(clock), "%a %Y-%m-%d %H:%M:%S %Z", &broken);
	}
	n = snprintf(all, sizeof(all),
		"\r\nBroadcast message from %s@%s%s%s (%s):\r\n\r\n%s\r\n\r\n",
		user ? user : "root", host, own ? " on " : "", own ? own : "", clock, text);
	n = n < (int)sizeof(all) ? n : (int)sizeof(all) - 1;
	setutxent();
	for (struct utmpx *u; (u = getutxent());) {
		char line[sizeof(u->ut_line) + 1] = "";

		memcpy(line, u->ut_line, sizeof(u->ut_line));
		if (u->ut_type != USER_PROCESS || !*u->ut_user) {
			continue;
		}
		AUTO_CLOSE int fd = open_terminal(line);

		if (fd >= 0 && write(fd, all, (size_t)n) < 0) {
			continue; /* a terminal that takes nothing */
		}
	}
	endutxent();
}

/* The value of "NAME=" at the beginning of a line, without quotes and escapes; "" without one. */
static void value_of(const char *text, const char *name, char *ret, size_t size)
{
	size_t n = strlen(name), used = 0;

	for (const char *s = text; s; s = strchr(s, '\n'), s = s ? s + 1 : NULL) {
		if (strncmp(s, name, n) != 0 || s[n] != '=') {
			continue;
		}
		for (s += n + 1; *s && *s != '\n' && used + 1 < size; s++) {
			if (*s != '"' && *s != '\\' && (unsigned char)*s >= ' ') {
				ret[used++] = *s;
			}
		}
		break;
	}
	ret[used] = 0;
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = words; (s = strstr(s, word)); s += n) {
		if ((s == words || s[-1] == ':') && (s[n] == 0 || s[n] == ':')) {
			return true;
		}
	}
	return false;
}

unsigned wall_inhibitors(const char *dir, FILE *err)
{
	DIR *stream = opendir(dir);
	unsigned found = 0;

	for (struct dirent *e; stream && (e = readdir(stream));) {
		char path[512], text[FILE_MAX_SIZE], what[256], mode[32], who[128], why[256];

		if (strspn(e->d_name, "0123456789") != strlen(e->d_name) ||
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >=
				(int)sizeof(path) ||
			fd_read_text(path, text, sizeof(text)) <= 0) {
			continue;
		}
		value_of(text, "WHAT", what, sizeof(what));
		value_of(text, "MODE", mode, sizeof(mode));
		value_of(text, "WHO", who, sizeof(who));
		value_of(text, "WHY", why, sizeof(why));
		if (has_word(what, "shutdown") && strcmp(mode, "block") == 0) {
			fprintf(err, "supctl: %s does not want the machine to go down now: %s\n",
				*who ? who : e->d_name, why);
			found++;
		}
	}
	if (stream) {
		closedir(stream);
	}
	return found;
}
