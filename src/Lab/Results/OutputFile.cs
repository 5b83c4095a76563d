using Orrery.Kernel;

namespace Orrery.Lab.Results;

/// <summary>A file that appears under its name only when it is complete: it is written beside it and renamed at the end.</summary>
public sealed class OutputFile : IDisposable
{
    private const string UnfinishedSuffix = ".unfinished";
    private const int BufferBytes = 1 << 16;

    private readonly string _path;
    private bool _isOpen = true;

    /// <exception cref="InputException">The folder cannot be written to.</exception>
    public OutputFile(string path)
    {
        _path = path;
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
            Stream = new FileStream(path + UnfinishedSuffix, FileMode.Create, FileAccess.Write, FileShare.Read, BufferBytes);
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
        _isOpen = false;
        Stream.Dispose();
        File.Move(_path + UnfinishedSuffix, _path, overwrite: true);
    }

    /// <summary>Drops a file that was not finished.</summary>
    public void Dispose()
    {
        if (!_isOpen) return;
        _isOpen = false;
        Stream.Dispose();
        File.Delete(_path + UnfinishedSuffix);
    }

    /// <summary>Writes a whole text.</summary>
    public static void WriteAllText(string path, string text)
    {
        using OutputFile file = new(path);
        file.Stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
        file.Finish();
    }
}
