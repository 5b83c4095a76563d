using System.Buffers.Text;
using System.Text;
using Orrery.Kernel.Time;

namespace Orrery.Lab.Runs.Output;

/// <summary>Comma-separated rows as UTF-8, formatted into one buffer without allocation.</summary>
internal sealed class Utf8Rows(Stream stream)
{
    private const int BufferBytes = 1 << 16;

    /// <summary>No number is longer.</summary>
    private const int LongestNumber = 40;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _length;
    private bool _inRow;

    public void Field(long value)
    {
        Separate();
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_length), out int written);
        _length += written;
    }

    /// <summary>A share or factor with six decimals at most.</summary>
    public void Field(double value)
    {
        Separate();
        value.TryFormat(_buffer.AsSpan(_length), out int written, "0.######", System.Globalization.CultureInfo.InvariantCulture);
        _length += written;
    }

    /// <summary>Nanoseconds as seconds, exactly, without trailing zeros.</summary>
    public void Seconds(long nanoseconds)
    {
        Field(nanoseconds / Duration.NanosecondsPerSecond);
        long fraction = nanoseconds % Duration.NanosecondsPerSecond;
        if (fraction == 0) return;
        _buffer[_length++] = (byte)'.';
        for (long unit = Duration.NanosecondsPerSecond / 10; fraction > 0; unit /= 10)
        {
            _buffer[_length++] = (byte)('0' + (fraction / unit));
            fraction %= unit;
        }
    }

    public void Empty() => Separate();

    /// <summary>Plain text; quoted where commas, quotes or line breaks ask for it.</summary>
    public void Text(string text)
    {
        Separate();
        bool quote = text.AsSpan().IndexOfAny(",\"\r\n") >= 0;
        string written = quote ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
        int bytes = Encoding.UTF8.GetMaxByteCount(written.Length);
        if (bytes > BufferBytes - _length)
        {
            Flush();
            if (bytes > BufferBytes)
            {
                stream.Write(Encoding.UTF8.GetBytes(written));
                return;
            }
        }
        _length += Encoding.UTF8.GetBytes(written, _buffer.AsSpan(_length));
    }

    public void EndRow()
    {
        _inRow = false;
        _buffer[_length++] = (byte)'\n';
    }

    public void Flush()
    {
        stream.Write(_buffer, 0, _length);
        _length = 0;
    }

    private void Separate()
    {
        if (BufferBytes - _length < LongestNumber + 2) Flush();
        if (_inRow) _buffer[_length++] = (byte)',';
        _inRow = true;
    }
}
