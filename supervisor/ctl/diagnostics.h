// SPDX-License-Identifier: MIT
/*
 * Reload and what it found: a(suuuss) of file, line, column, severity, unit, text.
 * Severity is enum manifest_severity.
 */
#pragma once

#include "ctl.h"

/*
 * Asks for a reload and prints the diagnostics to the error stream; with --json as an array to
 * the output stream, unless only_unit is given: then only that unit's are printed, as text.
 * -errno with *error filled when the reload failed.
 */
int diagnostics_reload(struct ctl *c, const char *only_unit, sd_bus_error *error);
/*
 * daemon-reload: the diagnostics as above and what changed, to the output: "unit: setting: from →
 * to", one a line. dry: only that; the definitions in use stay.
 */
int diagnostics_reload_report(struct ctl *c, bool dry, sd_bus_error *error);
/* "error", "warning", "note". */
const char *diagnostics_severity(unsigned severity);
