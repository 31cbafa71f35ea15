// SPDX-License-Identifier: MIT
#include "sanitizer.h"

const char *__asan_default_options(void)
{
	return SANITIZER_ADDRESS;
}

const char *__ubsan_default_options(void)
{
	return SANITIZER_UNDEFINED;
}
