// SPDX-License-Identifier: MIT
/* One line of supd-load, "FILE[:LINE[:COLUMN]]: SEVERITY: TEXT", as a JSON object. Pure. */
#pragma once

#include "json.h"

/* Writes the object; cuts line to pieces. A line of another form is a note without a file. */
void verify_line_json(struct json *j, char *line);
