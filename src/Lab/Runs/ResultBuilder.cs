using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Fleets;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Overlap;
using Orrery.World.Power;
using Orrery.World.Training;

namespace Orrery.Lab.Runs;

/// <summary>From exact integer totals to the figures of a result.</summary>
internal static class ResultBuilder
{
    public static RunResult Build(Scenario scenario, IReadOnlyList<FleetEntry> entries, Fleet fleet, RunWatch watch, Clock clock, Instant end, bool isPartial)
    {
        FleetFacts facts = FleetTotals(scenario, entries, fleet, end) with { Row = watch.Row };
        RunResult result = new()
        {
            Scenario = scenario.Name,
            Seed = scenario.Seed,
            IsPartial = isPartial,
            Figures = RunMetricTable.Measure(Felt(fleet.Metrics) with
            {
                Seconds = end.Seconds,
                Arrived = fleet.Arrived,
                OutputTokens = fleet.Replicas.Sum(replica => replica.Counters.OutputTokens),
                OptimalTokensPerSecond = OptimalTokensPerSecond(scenario),
                Fleet = facts,
            }),
            Simulation = new(end.Seconds, watch.WallSeconds, clock.Events, facts.Steps),
            RejectionReasons = watch.Reasons,
            Notes = scenario.Notes,
        };
        return result with { Expectations = [.. scenario.Expect.Select(expectation => ExpectationOutcome.Of(expectation, result))] };
    }

    /// <summary>Over all devices of the fleet (NanoFlow, OSDI 2025).</summary>
    public static double OptimalTokensPerSecond(Scenario scenario) =>
        scenario.Fleet.Sum(entry => entry.Replicas * entry.Deployment.Parallel.Devices * OptimalThroughput.TokensPerSecond(entry.Deployment));

    /// <summary>What users felt; the time and what replicas count is not part of it.</summary>
    public static RunFacts Felt(ServingMetrics metrics) => new()
    {
        Seconds = 0,
        Ttft = metrics.Ttft,
        Tpot = metrics.Tpot,
        Gaps = metrics.Gaps,
        EndToEnd = metrics.EndToEnd,
        Queue = metrics.Queue,
        Normalized = metrics.NormalizedLatency,
        Qoe = metrics.Qoe,
        Finished = metrics.Finished,
        Rejected = metrics.Rejected,
        Cancelled = metrics.Cancelled,
        TimedOut = metrics.TimedOut,
        MetObjective = metrics.MetObjective,
        Departed = metrics.Finished,
        PromptTokens = metrics.PromptTokens,
    };

    private static (RunFootprint Footprint, DeviceEnergy Energy, Joules Prompts) Footprint(Scenario scenario, IReadOnlyList<FleetEntry> entries, Fleet fleet, Instant end)
    {
        RunFootprint sum = RunFootprint.Zero;
        DeviceEnergy all = default;
        Joules prompts = default;
        Dictionary<FleetEntry, PowerModel> models = new(ReferenceEqualityComparer.Instance);
        foreach ((FleetMember member, FleetEntry entry) in fleet.Members.Zip(entries))
        {
            if (!models.TryGetValue(entry, out PowerModel? power)) models.Add(entry, power = PowerModel.Of(entry.Deployment, Catalog.Power(entry.Deployment.Device).Shares));
            int devices = entry.Deployment.Parallel.Devices;
            Duration paid = member.PaidTime(end);
            ReplicaCounters counters = member.Replica.Counters;
            PhaseWork mixed = counters.PrefillWork(end);
            DeviceEnergy own = power.Energy(devices, paid, mixed, counters.DecodeWork(end));
            prompts += own.ByToken(counters.PrefillTokens, mixed.Tokens).Prompts;
            all += own;
            RunFootprint footprint = RunFootprint.Of(entry.Deployment.Device, devices, paid, own.Total, scenario.Energy);
            if (member.IsSpot && scenario.Control.Availability?.HourlyPrice is { } price) footprint = footprint with { Money = price * (paid.Seconds / Duration.FromHours(1).Seconds) };
            sum += footprint;
        }
        return (sum, all, prompts);
    }

    /// <summary>Sums over replicas.</summary>
    private static FleetFacts FleetTotals(Scenario scenario, IReadOnlyList<FleetEntry> entries, Fleet fleet, Instant end)
    {
        long steps = 0;
        long preemptions = 0;
        long prefillTokens = 0;
        long decodeTokens = 0;
        long draftedTokens = 0;
        long acceptedTokens = 0;
        Int128 busy = 0;
        Int128 flops = 0;
        Int128 bytes = 0;
        double peakFlops = 0;
        double peakBytes = 0;
        double kvMeans = 0;
        double lives = 0;
        double kvMax = 0;
        double kvHeld = 0;
        double kvWritten = 0;
        int largestBatch = 0;
        Duration memoryWait = Duration.Zero;
        Duration longestWait = Duration.Zero;
        long mappedPages = 0;
        long trained = 0;
        long trainingForward = 0;
        double trainingBackward = 0;
        TrainingMemory? training = null;
        Duration swapWait = Duration.Zero;
        long tokensOut = 0;
        long tokensIn = 0;
        double replicaSeconds = 0;
        Duration paidTime = Duration.Zero;
        foreach (FleetEntry entry in scenario.Fleet)
        {
            if (entry.Design.Finetune is not { } finetune) continue;
            TrainingMemory own = TrainingMemory.Of(entry.Deployment, finetune.Training);
            if (training is null || own.Total > training.Total) training = own;
        }
        foreach ((FleetMember member, FleetEntry entry) in fleet.Members.Zip(entries))
        {
            Deployment deployment = entry.Deployment;
            Duration paid = member.PaidTime(end);
            paidTime += paid;
            replicaSeconds += paid.Seconds;
            // Checked when the deployment was made: the device has units for its compute format.
            double peak = deployment.Device.PeakRate(deployment.Precision.Activations)!.Value.Value / deployment.Device.ClockShare;
            peakFlops += peak * deployment.Parallel.Devices * paid.Seconds;
            peakBytes += deployment.Device.MemoryBandwidth.Value * deployment.Parallel.Devices * paid.Seconds;
            Replica replica = member.Replica;
            ReplicaCounters counters = replica.Counters;
            mappedPages += replica.Memory.MappedPages;
            swapWait += counters.SwapWait;
            tokensOut += replica.Swap?.TokensOut ?? 0;
            tokensIn += replica.Swap?.TokensIn ?? 0;
            steps += counters.Steps;
            preemptions += counters.Preemptions;
            prefillTokens += counters.PrefillTokens;
            decodeTokens += counters.DecodeTokens;
            draftedTokens += counters.DraftedTokens;
            acceptedTokens += counters.AcceptedTokens;
            busy += counters.Busy(end).Nanoseconds;
            trained += counters.TrainedTokens;
            trainingForward += counters.TrainingForwardTokens;
            trainingBackward += (double)counters.TrainingBackwardTokenLayers / deployment.Model.Layers;
            flops += counters.Flops;
            bytes += counters.MemoryBytes;
            // A replica that came late or went early counts for its time alone.
            lives += end > Instant.Zero ? paid.Seconds / (end - Instant.Zero).Seconds : 1;
            // Memory set aside for a request that has left is given back when its bytes have arrived.
            kvMeans += counters.KvBlocks.Mean(Instant.Max(end, counters.KvBlocks.LastChange)) / counters.TotalBlocks;
            kvMax = Math.Max(kvMax, (double)counters.KvBlocks.Max / counters.TotalBlocks);
            kvHeld += counters.HeldTokens;
            kvWritten += counters.WrittenTokens;
            largestBatch = Math.Max(largestBatch, counters.LargestBatch);
            memoryWait += counters.MemoryWait;
            longestWait = Duration.Max(longestWait, counters.LongestMemoryWait);
        }
        (RunFootprint footprint, DeviceEnergy energy, Joules prompts) = Footprint(scenario, entries, fleet, end);
        return new(
            steps, preemptions, prefillTokens, fleet.Metrics.CachedTokens, prefillTokens + decodeTokens,
            (double)busy / Duration.NanosecondsPerSecond, replicaSeconds,
            (double)flops, peakFlops,
            (double)bytes, peakBytes,
            lives > 0 ? kvMeans / lives : 0, kvMax, kvHeld, kvWritten, largestBatch, memoryWait.Seconds, longestWait.Seconds, mappedPages,
            footprint.FacilityEnergy.Value, footprint.Carbon.Value, footprint.Water.Value, footprint.Money.Dollars)
        {
            SwapWaitSeconds = swapWait.Seconds,
            PreemptedSeconds = (double)fleet.Metrics.PreemptedNanoseconds / Duration.NanosecondsPerSecond,
            SwappedOutTokens = tokensOut,
            SwappedInTokens = tokensIn,
            TrainedTokens = trained,
            TrainingForwardTokens = trainingForward,
            TrainingBackwardTokens = trainingBackward,
            FinetuneBytes = training?.Total.Count ?? 0,
            FinetuneActivationBytes = training?.Activations.Count ?? 0,
            DecodeTokens = decodeTokens,
            DraftedTokens = draftedTokens,
            AcceptedTokens = acceptedTokens,
            DeviceJoules = energy.Total.Value,
            IdleDeviceJoules = energy.Idle.Value,
            PrefillDeviceJoules = energy.Prefill.Value,
            DecodeDeviceJoules = energy.Decode.Value,
            PromptDeviceJoules = prompts.Value,
            Moves = scenario.Control.Moves ? fleet.Moves : null,
            PaidReplicaHours = paidTime.Seconds / Duration.FromHours(1).Seconds,
        };
    }
}
