using System.Text;
using Orrery.Traffic.Readers;

namespace Orrery.Traffic.Tests.Readers;

/// <summary>Measures the whole heap, so it runs while no other test does.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection;

[Collection("alone")]
public class BoundedMemoryTests
{
    [Fact]
    public void Memory_does_not_grow_with_the_trace()
    {
        const int rows = 300_000;
        using TraceSource source = TraceSource.Open(() => new EndlessRows(rows), "endless.csv");
        long count = 0;
        long peak = 0;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        while (!source.NextArrival.IsNever)
        {
            source.Take();
            if (++count % 100_000 == 0) peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true) - before);
        }
        Assert.Equal(rows, count);
        Assert.InRange(peak, long.MinValue, 1 << 20);
    }

    /// <summary>A header and rows made on the fly.</summary>
    private sealed class EndlessRows(int rows) : Stream
    {
        private byte[] _pending = "arrival_seconds,prompt_tokens,output_tokens\n"u8.ToArray();
        private int _offset;
        private int _row;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set
            {
                _row = 0;
                _offset = 0;
                _pending = "arrival_seconds,prompt_tokens,output_tokens\n"u8.ToArray();
            }
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_offset == _pending.Length)
            {
                if (_row == rows) return 0;
                _pending = Encoding.UTF8.GetBytes($"{_row},100,{1 + (_row++ % 50)}\n");
                _offset = 0;
            }
            int copied = Math.Min(count, _pending.Length - _offset);
            _pending.AsSpan(_offset, copied).CopyTo(buffer.AsSpan(offset));
            _offset += copied;
            return copied;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
