// SPDX-License-Identifier: MIT
/*
 * Only in a build with sanitizers (meson setup -Db_sanitize=…): a program that gets them is linked
 * with sanitizer.c, or sanitizer_hidden.c if it makes itself untraceable. supd-init starts the
 * others without an environment, so what ASAN_OPTIONS and UBSAN_OPTIONS would say is said there;
 * they still come after it. A finding ends the program with an exit status that no program of ours
 * has, and is told on the error stream: the tests look for both.
 */
#pragma once

#define SANITIZER_ADDRESS                                                                          \
	"exitcode=99:handle_segv=2:handle_sigbus=2:handle_sigfpe=2:handle_sigill=2:"               \
	"strict_string_checks=1:detect_stack_use_after_return=1"
#define SANITIZER_UNDEFINED "exitcode=99:halt_on_error=1:print_stacktrace=1"

/* Asked by the run-time before anything else. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
