using Orrery.Engine.Generation;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Streams;

public sealed class GenerationStreamTests
{
    private static readonly GeneratedPiece Piece = new(1, "a", 0f, null);

    [Fact]
    public async Task Pieces_that_are_left_can_be_read_after_the_end()
    {
        GenerationStream stream = new(_ => { });
        Assert.True(stream.TryWrite(Piece));
        stream.Complete(StreamEnd.Stop, new(3, 0, 1));
        Assert.True(await stream.WaitAsync(TestContext.Current.CancellationToken));
        Assert.True(stream.TryRead(out GeneratedPiece piece));
        Assert.Equal("a", piece.Text);
        Assert.False(await stream.WaitAsync(TestContext.Current.CancellationToken));
        Assert.Equal((StreamEnd.Stop, 1), (stream.End, stream.Usage.CompletionTokens));
    }

    [Fact]
    public void A_reader_that_falls_behind_makes_the_writer_fail_and_never_wait()
    {
        GenerationStream stream = new(_ => { }, capacity: 2);
        Assert.True(stream.TryWrite(Piece));
        Assert.True(stream.TryWrite(Piece));
        Assert.False(stream.TryWrite(Piece));
    }

    [Fact]
    public void Only_the_first_end_and_the_first_cancel_count()
    {
        int cancels = 0;
        GenerationStream stream = new(_ => cancels++);
        stream.Cancel();
        stream.Cancel();
        stream.Complete(StreamEnd.Cancelled, default);
        stream.Complete(StreamEnd.Stop, new(1, 0, 1));
        Assert.Equal((1, StreamEnd.Cancelled), (cancels, stream.End));
    }
}
