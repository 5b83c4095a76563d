namespace Orrery.Engine.Gguf;

/// <summary>Passes bytes on and knows how many there were, also where the target has no position.</summary>
internal sealed class CountingStream(Stream target) : Stream
{
    private static readonly byte[] Zeros = new byte[4096];

    public long Written { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => Written;
        set => throw new NotSupportedException();
    }

    /// <summary>Zeros up to a position.</summary>
    public void Pad(long position)
    {
        while (Written < position) Write(Zeros.AsSpan(0, (int)Math.Min(Zeros.Length, position - Written)));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        target.Write(buffer);
        Written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
