using Orrery.Traffic.Readers;

namespace Orrery.Lab.Import;

/// <summary>Fields of measurement tables, with the bounds that any of them keeps.</summary>
internal static class RowFields
{
    public const double Milliseconds = 1e-3;

    public const double Microseconds = 1e-6;

    public const double Nanoseconds = 1e-9;

    /// <summary>No operator takes a day.</summary>
    private const double LongestSeconds = 86_400;

    /// <summary>Beyond any shape, and far from overflow when sizes are multiplied.</summary>
    private const int LargestSize = 1 << 30;

    /// <summary>A size or count of at least <paramref name="min"/>.</summary>
    public static int Size(this CsvRow row, int column, int min = 1) => row.Int(column, min, LargestSize);

    /// <summary>A time, not negative, in units of <paramref name="unit"/> seconds.</summary>
    public static double Seconds(this CsvRow row, int column, double unit) => row.Number(column, 0, LongestSeconds / unit) * unit;

    /// <summary>Python's spelling of a truth value.</summary>
    public static bool Flag(this CsvRow row, int column)
    {
        ReadOnlySpan<byte> field = row[column];
        if (field.SequenceEqual("True"u8) || field.SequenceEqual("true"u8) || field.SequenceEqual("1"u8)) return true;
        if (field.SequenceEqual("False"u8) || field.SequenceEqual("false"u8) || field.SequenceEqual("0"u8)) return false;
        throw row.Error(column, $"'{row.Text(column)}' is not True or False");
    }
}

/// <summary>Texts of a column that has few: each is made once.</summary>
internal sealed class TextColumn
{
    private readonly List<(byte[] Bytes, string Text)> _seen = [];

    public string Read(CsvRow row, int column)
    {
        if (row.IsEmpty(column)) return "";
        ReadOnlySpan<byte> field = row[column];
        foreach ((byte[] bytes, string text) in _seen)
            if (field.SequenceEqual(bytes)) return text;
        string made = row.Text(column);
        _seen.Add((field.ToArray(), made));
        return made;
    }
}
