// SPDX-License-Identifier: MIT
/* A strict reader of JSON (RFC 8259) that only says whether a text is JSON. Pure. */
#pragma once

#include <stdbool.h>

/*
 * Is text one JSON document, with white space around it and nothing else? Strings must be UTF-8
 * with well-formed escapes; an object must not name a key twice. At most 64 deep.
 */
bool jsoncheck_document(const char *text);
/* One document on each line, and no empty line; an empty text is fine. */
bool jsoncheck_lines(const char *text);
