using System.Buffers;
using System.IO.Pipelines;

namespace Orrery.Live.Gateway;

/// <summary>
/// Takes a stream in ahead of a paced reader, up to a bound, so that an upstream that is done gives its place to another request while the
/// reader is still reading.
/// </summary>
internal sealed class AheadBuffer
{
    /// <summary>An answer of about a thousand events (our choice, d).</summary>
    public const int Bytes = 256 * 1024;

    private readonly Pipe _pipe = new(new(pauseWriterThreshold: Bytes, resumeWriterThreshold: Bytes / 2, useSynchronizationContext: false));

    public PipeReader Reader => _pipe.Reader;

    /// <summary>Why the stream broke off; to be asked when the reader has come to its end.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Runs until the source has ended; never throws.</summary>
    /// <param name="ended">Called when the source ended well.</param>
    public async Task FillAsync(Func<ValueTask<ReadResult>> read, PipeReader source, Action ended, CancellationToken cancellation)
    {
        try
        {
            bool isCompleted = false;
            while (!isCompleted)
            {
                ReadResult result = await read();
                foreach (ReadOnlyMemory<byte> segment in result.Buffer) _pipe.Writer.Write(segment.Span);
                source.AdvanceTo(result.Buffer.End);
                isCompleted = result.IsCompleted;
                // Before the flush, which may wait for the reader.
                if (isCompleted) ended();
                if ((await _pipe.Writer.FlushAsync(cancellation)).IsCompleted) return;
            }
        }
        catch (Exception broken) when (UpstreamCall.IsOfConnection(broken))
        {
            Fault = broken;
        }
        finally
        {
            await _pipe.Writer.CompleteAsync();
        }
    }
}
