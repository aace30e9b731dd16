/* Holds layers.c against certified test vectors in float64: make && ./check linear.json softmax.json */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers.h"

static char text[1 << 24];
static double lists[8][1 << 12], low[1 << 12], high[1 << 12];

/* What follows a key in this line, or NULL. */
static char *after(char *line, const char *key) { return (line = strstr(line, key)) ? line + strlen(key) : NULL; }

/* Reads the list that begins there, ["0x1.8p+1",null,"-inf"], and says how long it is; null is NaN. */
static size_t read(char *list, double *to)
{
    size_t count = 0;
    while (*++list != ']')
        if (*list == 'n')
            to[count++] = NAN, list += strlen("ull");
        else if (*list != '"' && *list != ',')
            to[count++] = strtod(list, &list), list -= 1;
    return count;
}

/* Is every entry that a function gives for the case in this line within its bounds? */
static int holds(char *line, const Function *function)
{
    Array in[8], out[8];
    double shape[2];
    int count = 0, right = 1;
    char *outputs = after(line, "\"outputs\""), *place = line;
    for (; (place = after(place, "\"shape\":")) < outputs; read(after(place, "\"data\":"), lists[count++])) {
        size_t rank = read(place, shape);
        in[count] = (Array){rank > 0 ? shape[0] : 1, rank > 1 ? shape[1] : 1, lists[count]};
    }
    function->call(in, out);
    for (count = 0, place = outputs; (place = after(place, "\"low\":")); free(out[count++].data)) {
        read(after(place, "\"high\":"), high);
        for (size_t k = read(place, low); k-- > 0;)
            right &= isnan(low[k]) || (low[k] <= out[count].data[k] && out[count].data[k] <= high[k]);
    }
    return right;
}

int main(int files, char *names[])
{
    int tried = 0, wrong = 0;
    for (FILE *file; files-- > 1 && (file = fopen(names[files], "r")); fclose(file)) {
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        for (char *line = strtok(text, "\n"), start[80]; line; line = strtok(NULL, "\n"))
            for (const Function *each = functions; each->name; each++) {
                sprintf(start, "{\"function\":\"%s\",\"dtype\":\"float64\"", each->name);
                if (strncmp(line, start, strlen(start)) == 0 && ++tried && !holds(line, each))
                    wrong += 1, printf("%s is wrong: %.60s\n", each->name, strstr(line, "\"flags\""));
            }
    }
    return printf("%d of %d cases are wrong\n", wrong, tried), wrong > 0 || tried == 0 || files > 0;
}
