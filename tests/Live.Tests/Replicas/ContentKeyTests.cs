using Orrery.Live.Replicas;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tests.Replicas;

public sealed class ContentKeyTests
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];

    /// <summary>Published vectors of SipHash-2-4 under the key 00 01 … 0f: of the empty message, of one byte, and of 15 bytes (the paper's appendix A).</summary>
    [Theory]
    [InlineData(0, 0x726fdb47dd0e0e31UL)]
    [InlineData(1, 0x74f839c593dc67fdUL)]
    [InlineData(15, 0xa129ca6149be45e5UL)]
    public void The_hash_is_the_published_one(int length, ulong expected) => Assert.Equal(expected, new ContentKey(Bytes.AsSpan(0, 16)).Hash(Bytes.AsSpan(0, length)));

    [Fact]
    public void Equal_pages_have_equal_names_and_others_do_not()
    {
        ContentKey key = new(Bytes.AsSpan(0, 16));
        int[] first = [.. Enumerable.Range(0, 40)];
        int[] second = [.. Enumerable.Range(0, 16), .. Enumerable.Range(100, 16)];
        TokenSpan[] one = key.Name(first)!;
        TokenSpan[] two = key.Name(second)!;
        Assert.Equal([16, 16], one.Select(span => span.Tokens));
        Assert.Equal(one[0], two[0]);
        Assert.NotEqual(one[1], two[1]);
        Assert.Null(key.Name(first.AsSpan(0, 15)));
    }

    [Fact]
    public void Another_key_gives_other_names()
    {
        int[] tokens = [.. Enumerable.Range(0, 16)];
        Assert.NotEqual(ContentKey.Secret().Name(tokens), ContentKey.Secret().Name(tokens));
    }
}
