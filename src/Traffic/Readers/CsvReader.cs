using System.Buffers.Text;
using System.Text;
using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Traffic.Readers;

/// <summary>
/// Rows of a CSV with a header, as byte spans of the line buffer. Fields may be quoted (RFC 4180) but not span lines; blank lines are
/// skipped.
/// </summary>
public sealed class CsvReader : IDisposable
{
    private readonly LineReader _lines;
    private readonly string[] _columns;
    private readonly int[] _starts;
    private readonly int[] _lengths;

    internal CsvReader(LineReader lines)
    {
        _lines = lines;
        if (!lines.TryRead(out Span<byte> header))
            throw new InputException($"{lines.Origin}: the file is empty; a header line with column names is needed");
        _columns = SplitHeader(header);
        _starts = new int[_columns.Length];
        _lengths = new int[_columns.Length];
    }

    /// <summary>Names of the header, in order.</summary>
    public IReadOnlyList<string> Columns => _columns;

    /// <summary>The file's name as shown in errors.</summary>
    public string Origin => _lines.Origin;

    /// <summary>Number of the line last read, from 1.</summary>
    public long LineNumber => _lines.LineNumber;

    /// <summary>Opens a file, gzip included, and reads its header.</summary>
    /// <exception cref="InputException">The file cannot be read or is empty.</exception>
    public static CsvReader Open(string path) => new(new LineReader(InputFile.Open(path), path));

    internal static string[] SplitHeader(ReadOnlySpan<byte> header) =>
        Encoding.UTF8.GetString(header).Split(',').Select(name => name.Trim().Trim('"')).ToArray();

    /// <summary>Index of a column, −1 when absent.</summary>
    public int Find(string column) => Array.FindIndex(_columns, name => name.Equals(column, StringComparison.OrdinalIgnoreCase));

    /// <summary>Index of a column that must be there.</summary>
    /// <exception cref="InputException">The header lacks it; the sentence names the nearest.</exception>
    public int Require(string column)
    {
        int index = Find(column);
        return index >= 0 ? index : throw new InputException($"{Origin}:1: column '{column}' is missing{Names.Suggest(column, _columns)}");
    }

    /// <summary>Moves to the next row; the span holds the fields until the next call.</summary>
    public bool TryRead(out CsvRow row)
    {
        while (_lines.TryRead(out Span<byte> line))
        {
            if (line.IsEmpty) continue;
            Split(line);
            row = new CsvRow(this, line);
            return true;
        }
        row = default;
        return false;
    }

    /// <summary>An error at a field of the current row.</summary>
    public InputException Error(int column, string sentence) => _lines.Error($"column '{_columns[column]}': {sentence}");

    /// <summary>An error at the current row.</summary>
    public InputException Error(string sentence) => _lines.Error(sentence);

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    internal ReadOnlySpan<byte> Field(ReadOnlySpan<byte> line, int column) => line.Slice(_starts[column], _lengths[column]);

    private void Split(Span<byte> line)
    {
        int at = 0;
        for (int column = 0; column < _columns.Length; column++)
        {
            bool last = column == _columns.Length - 1;
            if (at < line.Length && line[at] == (byte)'"')
            {
                at = Unquote(line, at, column);
            }
            else
            {
                int length = line[at..].IndexOf((byte)',');
                if (length < 0) length = line.Length - at;
                _starts[column] = at;
                _lengths[column] = length;
                at += length;
            }
            if (at == line.Length)
            {
                if (last) return;
                throw _lines.Error($"the row has {column + 1} fields where the header names {_columns.Length}");
            }
            if (last) throw _lines.Error($"the row has more fields than the {_columns.Length} that the header names");
            at++;
        }
    }

    /// <summary>Undoes doubled quotes in place and returns where the field ends (the comma, or the end of the line).</summary>
    private int Unquote(Span<byte> line, int open, int column)
    {
        int write = open + 1;
        for (int read = open + 1; read < line.Length; read++)
        {
            if (line[read] != (byte)'"')
            {
                line[write++] = line[read];
            }
            else if (read + 1 < line.Length && line[read + 1] == (byte)'"')
            {
                line[write++] = line[read++];
            }
            else
            {
                _starts[column] = open + 1;
                _lengths[column] = write - open - 1;
                if (read + 1 < line.Length && line[read + 1] != (byte)',')
                    throw Error(column, "text follows the closing quote; double a quote that is part of the value");
                return read + 1;
            }
        }
        throw Error(column, "the quote is not closed on its line");
    }
}

/// <summary>One row; valid until the next read.</summary>
public readonly ref struct CsvRow
{
    private readonly CsvReader _reader;
    private readonly ReadOnlySpan<byte> _line;

    internal CsvRow(CsvReader reader, ReadOnlySpan<byte> line)
    {
        _reader = reader;
        _line = line;
    }

    /// <summary>The bytes of a field.</summary>
    public ReadOnlySpan<byte> this[int column] => _reader.Field(_line, column);

    /// <summary>A field as text.</summary>
    public string Text(int column) => Encoding.UTF8.GetString(this[column]);

    /// <summary>Whether the column is absent (a negative index) or the field has nothing in it.</summary>
    public bool IsEmpty(int column) => column < 0 || this[column].IsEmpty;

    /// <summary>An error at a field of this row.</summary>
    public InputException Error(int column, string sentence) => _reader.Error(column, sentence);

    /// <summary>A whole number; <c>12.0</c>, which some exporters write, is accepted.</summary>
    public int Int(int column, int min, int max)
    {
        ReadOnlySpan<byte> field = Fields.Trim(this[column]);
        if (!Fields.TryLong(field, out long value)) throw Error(column, $"'{Show(column)}' is not a whole number");
        if (value < min || value > max) throw Error(column, $"{value} is outside {min} to {max}");
        return (int)value;
    }

    /// <summary>A whole number between bounds.</summary>
    public long Long(int column, long min, long max)
    {
        if (!Fields.TryLong(Fields.Trim(this[column]), out long value)) throw Error(column, $"'{Show(column)}' is not a whole number");
        if (value < min || value > max) throw Error(column, $"{value} is outside {min} to {max}");
        return value;
    }

    /// <summary>A number between bounds; not-a-number is none.</summary>
    public double Number(int column, double min, double max)
    {
        ReadOnlySpan<byte> field = Fields.Trim(this[column]);
        if (!Utf8Parser.TryParse(field, out double value, out int used) || used != field.Length)
            throw Error(column, $"'{Show(column)}' is not a number");
        return value >= min && value <= max
            ? value
            : throw Error(column, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value} is outside {min} to {max}"));
    }

    /// <summary>Decimal seconds as exact nanoseconds (rounded half up beyond nine decimals).</summary>
    internal long Nanoseconds(int column)
    {
        if (!Fields.TrySeconds(Fields.Trim(this[column]), out long value))
            throw Error(column, $"'{Show(column)}' is not a time in seconds between 0 and {Fields.LargestSeconds}");
        return value;
    }

    private string Show(int column)
    {
        const int shown = 40;
        string text = Text(column);
        return text.Length <= shown ? text : text[..shown] + "…";
    }
}
