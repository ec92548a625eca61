/* SPDX-License-Identifier: MIT */
#include "lib/lib.h"
#include "xen/xen.h"

struct text {
    char *at;
    size_t left, length;
};

static void put(struct text *t, char c)
{
    t->length++;
    if (t->left > 1) {
        *t->at++ = c;
        t->left--;
    }
}

static void put_string(struct text *t, const char *s, int width)
{
    int n = 0;
    for (s = s ? s : "(null)"; *s; s++, n++)
        put(t, *s);
    for (; n < width; n++)
        put(t, ' ');
}

static void put_number(struct text *t, uint64_t v, unsigned base, int width,
                       char fill)
{
    char digits[24];
    int n = 0;
    do
        digits[n++] = "0123456789abcdef"[v % base];
    while (v /= base);
    for (int i = n; i < width; i++)
        put(t, fill);
    while (n)
        put(t, digits[--n]);
}

static void put_signed(struct text *t, int64_t v, int width)
{
    if (v < 0)
        put(t, '-');
    put_number(t, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, width, ' ');
}

/* One conversion; `f` is behind the percent sign, the result behind its letter. */
static const char *convert(struct text *t, const char *f, va_list *args)
{
    char fill = *f == '0' ? '0' : ' ';
    int width = 0;
    bool wide = false;
    while (*f >= '0' && *f <= '9')
        width = width * 10 + *f++ - '0';
    for (; *f == 'l'; f++)
        wide = true;
    switch (*f) {
    case 's':
        put_string(t, va_arg(*args, const char *), width);
        break;
    case 'c':
        put(t, (char)va_arg(*args, int));
        break;
    case 'd':
        put_signed(t, wide ? va_arg(*args, long) : va_arg(*args, int), width);
        break;
    case 'u':
    case 'x':
        put_number(t, wide ? va_arg(*args, unsigned long) : va_arg(*args, unsigned),
                   *f == 'x' ? 16 : 10, width, fill);
        break;
    case 'p':
        put_number(t, (uintptr_t)va_arg(*args, void *), 16, 16, '0');
        break;
    case '\0':
        return f;
    default:
        put(t, *f);
    }
    return f + 1;
}

size_t format_text(char *to, size_t size, const char *format, va_list args)
{
    struct text t = {.at = to, .left = size};
    va_list copy;
    va_copy(copy, args);
    while (*format) {
        if (*format == '%')
            format = convert(&t, format + 1, &copy);
        else
            put(&t, *format++);
    }
    va_end(copy);
    if (size)
        *t.at = '\0';
    return t.length;
}

void print(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    size_t n = format_text(line, sizeof line, format, args);
    va_end(args);
    console_write(line, min_u64(n, sizeof line - 1));
}
