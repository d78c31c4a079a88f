/* The version of all programs: `--version`, the manual page. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define ROLLWAY_VERSION "0.1.0"

#endif /* BASE_VERSION_H */
