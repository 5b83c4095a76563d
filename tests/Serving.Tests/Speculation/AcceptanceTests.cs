using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;
using Orrery.Serving.Speculation;

namespace Orrery.Serving.Tests.Speculation;

/// <summary>Tokens per verification: the closed form, and the process that it is the mean of.</summary>
public sealed class AcceptanceTests
{
    [Fact]
    public void TheExpectationIsTheClosedForm()
    {
        for (int drafts = 0; drafts <= 12; drafts++)
        {
            Assert.Equal(1, ExpectedTokens.Of(0, drafts));
            Assert.Equal(drafts + 1, ExpectedTokens.Of(1, drafts));
            foreach (double rate in new[] { 0.1, 0.5, 0.7, 0.99 })
                Assert.Equal((1 - Math.Pow(rate, drafts + 1)) / (1 - rate), ExpectedTokens.Of(rate, drafts), 12);
        }
        Assert.Equal(2.533, ExpectedTokens.Of(0.7, 3), 12);
    }

    [Theory]
    [InlineData(0.3, 1)]
    [InlineData(0.7, 5)]
    [InlineData(0.9, 7)]
    [InlineData(1.0, 4)]
    [InlineData(0.0, 4)]
    public void TheProcessHasThatMean(double rate, int drafts)
    {
        const int samples = 40_000;
        IndependentAcceptance truth = new(new() { Rate = rate }, looksUp: false, RandomStream.Root(11));
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < samples; i++)
        {
            int tokens = 1 + truth.Accepted(At(i, 3), drafts);
            sum += tokens;
            squares += (double)tokens * tokens;
        }
        double mean = sum / samples;
        double error = Math.Sqrt(Math.Max(0, (squares / samples) - (mean * mean)) / samples);
        Assert.True(Math.Abs(mean - ExpectedTokens.Of(rate, drafts)) <= 4 * error, $"{mean} ± {error}");
    }

    [Fact]
    public void NoPolicyChangesTheFateOfAPosition()
    {
        IndependentAcceptance truth = new(new() { Rate = 0.8, Spread = 0.2, Match = 0.5 }, looksUp: true, RandomStream.Root(2));
        IndependentAcceptance again = new(new() { Rate = 0.8, Spread = 0.2, Match = 0.5 }, looksUp: true, RandomStream.Root(2));
        for (int id = 0; id < 50; id++)
        {
            for (int position = 1; position < 40; position++)
            {
                int far = truth.Accepted(At(id, position), 8);
                Assert.Equal(Math.Min(far, 3), truth.Accepted(At(id, position), 3));
                // One token on, what follows is as it was.
                if (far > 0) Assert.Equal(far - 1, truth.Accepted(At(id, position + 1), 7));
            }
            // Whoever asks only here and only once hears the same.
            Assert.Equal(truth.Accepted(At(id, 17), 8), again.Accepted(At(id, 17), 8));
            Assert.Equal(truth.HasSome(At(id, 17)), again.HasSome(At(id, 17)));
        }
    }

    [Fact]
    public void RequestsDifferByTheSpread()
    {
        const int requests = 2_000;
        const int positions = 1_000;
        IndependentAcceptance truth = new(new() { Rate = 0.6, Spread = 0.15 }, looksUp: false, RandomStream.Root(4));
        double sum = 0;
        double squares = 0;
        for (int id = 0; id < requests; id++)
        {
            Sequence sequence = At(id, 0);
            int right = 0;
            for (int position = 0; position < positions; position++)
            {
                sequence.GeneratedTokens = position;
                right += truth.Accepted(sequence, 1);
            }
            double rate = (double)right / positions;
            sum += rate;
            squares += rate * rate;
        }
        double mean = sum / requests;
        double deviation = Math.Sqrt((squares / requests) - (mean * mean));
        // 0.15, and a little more for the thousand positions that each rate is seen through.
        Assert.InRange(mean, 0.585, 0.615);
        Assert.InRange(deviation, 0.145, 0.16);
    }

    [Fact]
    public void LookupsFindTheirShare()
    {
        IndependentAcceptance lookup = new(new() { Match = 0.3 }, looksUp: true, RandomStream.Root(4));
        IndependentAcceptance model = new(new() { Match = 0.3 }, looksUp: false, RandomStream.Root(4));
        int found = Enumerable.Range(0, 10_000).Count(i => lookup.HasSome(At(i % 100, i / 100)));
        Assert.InRange(found, 2_800, 3_200);
        Assert.True(Enumerable.Range(0, 100).All(i => model.HasSome(At(i, 1))));
    }

    [Fact]
    public void ASpreadThatNoDistributionHasIsRefused()
    {
        Assert.Equal(new AcceptanceSpec { Rate = 0.4 }, AcceptanceSpec.Read(Document.Parse("0.4", "s")));
        InputException refused = Assert.Throws<InputException>(() => AcceptanceSpec.Read(Document.Parse("{rate: 0.5, spread: 0.5}", "s")));
        Assert.Contains("spread by less than 0.5", refused.Message, StringComparison.Ordinal);
    }

    private static Sequence At(int id, int generated) =>
        new(new() { Id = id, Arrival = Instant.Zero, PromptTokens = 4, OutputTokens = 5_000 }, 5_000, 0) { GeneratedTokens = generated };
}
