using Orrery.Kernel;

namespace Orrery.Lab.Results;

/// <summary>
/// A file that appears under its name only when it is complete: it is written beside it and renamed at the end. A link is followed, so that
/// what it names is replaced and not the link.
/// </summary>
/// <remarks>
/// A target that exists and is empty may be a device or a pipe (<c>/dev/null</c>, <c>/dev/stdout</c>, a process substitution), which a rename
/// would destroy; it is written in place, because an empty file has nothing to lose.
/// </remarks>
public sealed class OutputFile : IDisposable
{
    private const string UnfinishedSuffix = ".unfinished";
    private const int BufferBytes = 1 << 16;

    private readonly string _path;
    private readonly string _writtenPath;
    private bool _isOpen = true;

    /// <exception cref="InputException">The folder cannot be written to.</exception>
    public OutputFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        _path = path;
        try
        {
            if (Directory.Exists(path)) throw new InputException($"{path}: this is a folder; name a file in it");
            if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
            bool leadsNowhere = false;
            if (File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target)
            {
                if (target.Exists) _path = target.FullName;
                else leadsNowhere = true;
            }
            bool inPlace = leadsNowhere || (File.Exists(_path) && new FileInfo(_path).Length == 0);
            _writtenPath = inPlace ? _path : _path + UnfinishedSuffix;
            Stream = new FileStream(_writtenPath, FileMode.Create, FileAccess.Write, FileShare.Read, BufferBytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: cannot be written: {failure.Message}", failure);
        }
    }

    public FileStream Stream { get; }

    /// <summary>Gives the file its name.</summary>
    public void Finish()
    {
        Stream.Flush();
        _isOpen = false;
        Stream.Dispose();
        if (_writtenPath != _path) File.Move(_writtenPath, _path, overwrite: true);
    }

    /// <summary>Drops a file that was not finished.</summary>
    public void Dispose()
    {
        if (!_isOpen) return;
        _isOpen = false;
        try
        {
            Stream.Dispose();
        }
        catch (IOException)
        {
            // The disk that is full is full here, too; the first failure is the one to tell.
        }
        if (_writtenPath != _path) File.Delete(_writtenPath);
    }

    /// <summary>Writes a whole text.</summary>
    /// <exception cref="InputException">The folder cannot be written to.</exception>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a whole content.</summary>
    /// <exception cref="InputException">The folder cannot be written to.</exception>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> content)
    {
        using OutputFile file = new(path);
        file.Stream.Write(content);
        file.Finish();
    }
}
