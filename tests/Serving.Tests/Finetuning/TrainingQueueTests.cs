using Orrery.Kernel.Random;
using Orrery.Serving.Finetuning;
using Orrery.World.Steps;

namespace Orrery.Serving.Tests.Finetuning;

public sealed class TrainingQueueTests
{
    private const int Layers = 3;

    /// <summary>
    /// Over random windows: forward covers each token once in order; backward goes down from the top, within a layer from the end, so that
    /// when a token's input gradient is made every later query has added to its dK and dV; each token and layer exactly once.
    /// </summary>
    [Fact]
    public void WindowsOfAnySizeDoTheWholeBackwardPassInOrder()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            RandomStream random = RandomStream.Root(seed);
            int length = 1 + random.NextInt(40);
            TrainingQueue queue = new(new(length, 3, 1, null, 1), Layers);
            for (int entry = 0; entry < 3; entry++) TrainOne(queue, random, length);
            Assert.True(queue.IsOver);
        }
    }

    [Fact]
    public void AWholeSequenceIsOneIteration()
    {
        TrainingQueue queue = new(new(16, 4, 2, null, null), Layers);
        TrainingWork work = new();
        queue.FillSequence(work);
        Assert.Equal((16, 0, 48L, 16), (work.ForwardTokens, work.ForwardHistory, work.BackwardTokenLayers, work.CompletedTokens));
        Assert.Equal([new(2, 0, 16), new(1, 0, 16), new BackwardUnit(0, 0, 16)], work.Units.ToArray());
    }

    /// <summary>Every second sequence updates; what a job has accumulated at its end is not lost; entries and updates bound a job.</summary>
    [Theory]
    [InlineData(5, 2, null, new[] { false, true, false, true, true })]
    [InlineData(5, 1, 2, new[] { true, true, true, true })]
    [InlineData(2, 3, null, new[] { false, true, false, true })]
    public void UpdatesFollowAccumulationAndTheEndOfJobs(int entries, int accumulate, int? maxUpdates, bool[] updates)
    {
        TrainingQueue queue = new(new(8, entries, accumulate, maxUpdates, 2), Layers);
        List<bool> seen = [];
        while (seen.Count < updates.Length)
        {
            TrainingWork work = new();
            queue.FillSequence(work);
            queue.Commit(work);
            seen.Add(work.Updates);
        }
        Assert.Equal(updates, seen);
    }

    [Fact]
    public void NothingIsDoneBeforeItIsCommitted()
    {
        TrainingQueue queue = new(new(8, 1, 1, null, 1), Layers);
        TrainingWork a = new();
        TrainingWork b = new();
        queue.Fill(a, 5);
        queue.Fill(b, 5);
        Assert.Equal(a.ForwardHistory, b.ForwardHistory);
        queue.Commit(a);
        Assert.Equal(3, queue.Remaining);
        Assert.Throws<ArgumentOutOfRangeException>(() => queue.Fill(b, 4));
    }

    private static void TrainOne(TrainingQueue queue, RandomStream random, int length)
    {
        bool[,] done = new bool[Layers, length];
        TrainingWork work = new();
        int forward = 0;
        while (queue.IsForward)
        {
            work.Clear();
            queue.Fill(work, 1 + random.NextInt((int)queue.Remaining));
            Assert.Equal(forward, work.ForwardHistory);
            Assert.Equal(0, work.BackwardTokenLayers);
            forward += work.ForwardTokens;
            queue.Commit(work);
        }
        Assert.Equal(length, forward);
        long completed = 0;
        while (completed == 0)
        {
            work.Clear();
            queue.Fill(work, 1 + random.NextInt((int)queue.Remaining));
            Assert.Equal(0, work.ForwardTokens);
            foreach (BackwardUnit unit in work.Units)
            {
                for (int token = unit.ContextTokens - 1; token >= unit.FirstToken; token--)
                {
                    Assert.False(done[unit.Layer, token], "a token's gradient was made twice");
                    for (int later = token + 1; later < length; later++) Assert.True(done[unit.Layer, later], "a later query had not added to dK and dV");
                    if (unit.Layer + 1 < Layers) Assert.True(done[unit.Layer + 1, token], "the gradient from the layer above was missing");
                    done[unit.Layer, token] = true;
                }
            }
            completed = work.CompletedTokens;
            queue.Commit(work);
        }
        Assert.Equal(length, completed);
        foreach (bool one in done) Assert.True(one);
    }
}
