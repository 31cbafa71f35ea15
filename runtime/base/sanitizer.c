// SPDX-License-Identifier: MIT
/*
 * Only in a build with sanitizers (meson setup -Db_sanitize=…), in each program that gets them.
 * supd-init starts the others without an environment, so what ASAN_OPTIONS and UBSAN_OPTIONS would
 * say is said here; they still come after it. A finding ends the program with an exit status that
 * no program of ours has, and is told on the error stream: the tests look for both.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=99:handle_segv=2:handle_sigbus=2:handle_sigfpe=2:handle_sigill=2:"
	       "strict_string_checks=1:detect_stack_use_after_return=1";
}

const char *__ubsan_default_options(void)
{
	return "exitcode=99:halt_on_error=1:print_stacktrace=1";
}
