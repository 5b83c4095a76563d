using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>A forward-only stream over a user's file that turns failures while reading into designed errors.</summary>
/// <param name="path">The file's name for the errors.</param>
/// <param name="inner">The content; disposed with this stream.</param>
/// <param name="leastBytes">Content that ends before this many bytes was cut short.</param>
internal sealed class GuardedStream(string path, Stream inner, long leastBytes) : Stream
{
    private long _bytesRead;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int read;
        try
        {
            read = inner.Read(buffer);
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new InputException(InputFile.Sentence(path, failure), failure);
        }
        _bytesRead += read;
        if (read == 0 && buffer.Length > 0 && _bytesRead < leastBytes)
            throw new InputException($"{path}: the gzip data ends too early, as if it was cut short; make or copy the file again");
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
