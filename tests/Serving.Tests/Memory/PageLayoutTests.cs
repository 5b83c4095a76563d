using Orrery.Kernel;
using Orrery.Serving.Memory;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;

namespace Orrery.Serving.Tests.Memory;

public sealed class PageLayoutTests
{
    private const long Kibibyte = 1024;
    private const long Mebibyte = 1024 * Kibibyte;

    [Theory]
    [InlineData("yi-6b-200k", 1, 64 * Kibibyte, false, 64, 64)] // 4 KV heads of 128 in 16 bit: the published check values
    [InlineData("yi-6b-200k", 1, 256 * Kibibyte, false, 256, 64)]
    [InlineData("yi-6b-200k", 1, 2 * Mebibyte, false, 2048, 64)]
    [InlineData("llama-3-8b", 1, 64 * Kibibyte, false, 32, 64)] // 8 KV heads
    [InlineData("llama-3-8b", 1, 2 * Mebibyte, false, 1024, 64)]
    [InlineData("llama-3-8b", 2, 64 * Kibibyte, false, 64, 64)] // heads are cut over devices
    [InlineData("yi-34b-200k", 2, 2 * Mebibyte, false, 2048, 120)]
    [InlineData("yi-6b-200k", 1, 2 * Mebibyte, true, 64, 2)] // all 32 layers in one pair
    [InlineData("yi-34b-200k", 2, 2 * Mebibyte, true, 34, 2)] // 2048 / 60, in whole tokens
    public void ABlockIsOnePageOfEveryTensor(string model, int tensor, long pageBytes, bool mega, int tokens, int pages)
    {
        PageLayout layout = PageLayout.Of(On(model, tensor), pageBytes, mega);
        Assert.Equal(tokens, layout.BlockTokens);
        Assert.Equal(pages, layout.PagesPerBlock);
        Assert.Equal(pages * pageBytes, layout.BlockBytes);
    }

    [Fact]
    public void ASlotHasAddressesForTheLongestInWholePages()
    {
        PageLayout layout = PageLayout.Of(On("yi-6b-200k", 1), 2 * Mebibyte, mega: false);
        Assert.Equal(64 * 98 * 2 * Mebibyte, layout.SlotBytes(200_000));
        Assert.Equal((int)((1L << 47) / layout.SlotBytes(200_000)), layout.SlotsInAddressSpace(200_000));
    }

    [Fact]
    public void PagesThatHoldNoWholeNumberOfTokensBackFewerBlocks()
    {
        PageLayout layout = PageLayout.Of(On("yi-34b-200k", 2), 2 * Mebibyte, mega: true);
        // 1000 blocks of 34 tokens were counted in bytes of tokens; pages are a little larger than 34 tokens.
        Assert.Equal((int)(1000L * 34 * 1024 * 60 / (2 * Mebibyte)), layout.Backed(1000));
        Assert.True(layout.Backed(1000) * layout.BlockBytes <= 1000L * 34 * 1024 * 60 * 2);
    }

    [Fact]
    public void APageMustHoldAToken()
    {
        InputException mistake = Assert.Throws<InputException>(() => PageLayout.Of(On("yi-34b-200k", 1), 64 * Kibibyte, mega: true));
        Assert.Contains("larger pageSize or megaLayout: false", mistake.Message, StringComparison.Ordinal);
    }

    private static Deployment On(string model, int tensor) => Deployment.Create(Catalog.Model(model), Catalog.Device("a100-sxm-80gb"), new(tensor));
}
