using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>Opens the user's text files, gzip included, and turns what can go wrong into designed errors.</summary>
public static class InputFile
{
    /// <summary>Largest text that <see cref="ReadAllText"/> takes, after decompression; traces are streamed instead.</summary>
    public const int MaxTextBytes = 64 << 20;

    private const int BufferBytes = 1 << 16;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>A stream over the file's content, decompressed when it starts with gzip's two magic bytes, whatever its name.</summary>
    /// <remarks>What goes wrong while reading (damaged gzip, a failing disk) is an <see cref="InputException"/> too.</remarks>
    /// <exception cref="InputException">Missing, a directory, or not readable.</exception>
    public static Stream Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0) throw new InputException("the file name is empty");
        if (Directory.Exists(path)) throw new InputException($"{path}: this is a directory; name a file in it");
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, FileOptions.SequentialScan);
            return Unzip(file, path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException(Sentence(path, failure), failure);
        }
    }

    /// <summary>The content of an open file, decompressed when it starts with gzip's two magic bytes; errors as of <see cref="Open"/>.</summary>
    /// <param name="path">The file's name for the errors.</param>
    public static Stream Unzip(Stream file, string path)
    {
        ArgumentNullException.ThrowIfNull(file);
        return StartsWithGzipMagic(file)
            ? new GuardedStream(path, new GZipStream(file, CompressionMode.Decompress), LeastContentBytes(file))
            : new GuardedStream(path, file, 0);
    }

    /// <summary>A reader of UTF-8 lines; a byte-order mark is skipped, malformed bytes read as U+FFFD.</summary>
    /// <exception cref="InputException">As <see cref="Open"/>.</exception>
    public static StreamReader OpenText(string path) =>
        new(Open(path), Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: BufferBytes);

    /// <summary>The whole text, strictly UTF-8.</summary>
    /// <exception cref="InputException">As <see cref="Open"/>; too large; no UTF-8; damaged gzip.</exception>
    public static string ReadAllText(string path)
    {
        using Stream stream = Open(path);
        using var content = new MemoryStream();
        var buffer = new byte[BufferBytes];
        for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
        {
            content.Write(buffer, 0, read);
            if (content.Length > MaxTextBytes)
                throw new InputException($"{path}: the text is longer than {MaxTextBytes >> 20} MiB; is this the right file?");
        }
        ReadOnlySpan<byte> bytes = content.GetBuffer().AsSpan(0, (int)content.Length);
        try
        {
            return StrictUtf8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes);
        }
        catch (DecoderFallbackException failure)
        {
            throw new InputException($"{path}: this is not UTF-8 text; save it as UTF-8 or name another file", failure);
        }
    }

    private static bool StartsWithGzipMagic(Stream file)
    {
        // A pipe cannot be rewound, so its content is taken as it is.
        if (!file.CanSeek) return false;
        bool magic = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return magic;
    }

    /// <summary>
    /// The size field that ends a gzip file (RFC 1952, ISIZE): the content's size, or that of its last member where several are joined. The
    /// runtime's decompressor takes a file that was cut short for a complete one; this bound tells nearly always, and never wrongly.
    /// </summary>
    private static uint LeastContentBytes(Stream file)
    {
        Span<byte> field = stackalloc byte[sizeof(uint)];
        if (file.Length < field.Length) return 0;
        file.Seek(-field.Length, SeekOrigin.End);
        file.ReadExactly(field);
        file.Position = 0;
        return BinaryPrimitives.ReadUInt32LittleEndian(field);
    }

    internal static string Sentence(string path, Exception failure) => failure switch
    {
        FileNotFoundException => $"{path}: there is no such file{Neighbour(path)}",
        DirectoryNotFoundException => $"{path}: there is no such file; its directory does not exist",
        UnauthorizedAccessException => $"{path}: no permission to read this file",
        ArgumentException or NotSupportedException => $"'{Quantities.Shorten(path)}' is no file name",
        InvalidDataException => $"{path}: the gzip data is damaged; make the file again",
        _ => $"{path}: the file cannot be read: {failure.Message}",
    };

    private static string Neighbour(string path)
    {
        string? directory = Path.GetDirectoryName(Path.GetFullPath(path));
        if (directory is null || !Directory.Exists(directory)) return "";
        IEnumerable<string> present = Directory.EnumerateFiles(directory).Select(file => Path.GetFileName(file)!);
        string? near = Names.Nearest(Path.GetFileName(path), present.Order(StringComparer.Ordinal));
        return near is null ? "" : $"; did you mean '{near}'?";
    }
}
