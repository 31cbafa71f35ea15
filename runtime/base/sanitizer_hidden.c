// SPDX-License-Identifier: MIT
/*
 * For supd-launch, which is not dumpable and enters namespaces: LeakSanitizer, who traces, would
 * wait for itself for ever. A job is one process, and its memory ends with it.
 */
#include "sanitizer.h"

const char *__asan_default_options(void)
{
	return SANITIZER_ADDRESS ":detect_leaks=0";
}

const char *__ubsan_default_options(void)
{
	return SANITIZER_UNDEFINED;
}
