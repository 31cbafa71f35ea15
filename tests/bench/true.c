// SPDX-License-Identifier: MIT
/* The program whose start is measured; with an argument it first says so by a byte on stdout. */
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argv;
	return argc > 1 && write(STDOUT_FILENO, "x", 1) != 1;
}
