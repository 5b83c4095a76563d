using Orrery.Kernel.Time;
using Orrery.Live.Designs;
using Orrery.Serving.Execution;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tapes;

/// <summary>What a step gave one sequence beyond what its plan says.</summary>
/// <param name="Sequence">An item of the plan that sampled.</param>
/// <param name="Accepted">Draft tokens that were right.</param>
/// <param name="EndsAt">Output tokens at which the model ended it in this step; −1: it goes on.</param>
public readonly record struct StepYield(Sequence Sequence, int Accepted, int EndsAt);

/// <summary>
/// Hears everything from outside that a live process reacts to, in the order in which its loop sees it, and every decision. Called on the loop,
/// before the fleet is told.
/// </summary>
public interface ITapeSink
{
    /// <summary>Something will run at this instant.</summary>
    void OnInstant(Instant at);

    /// <summary>A model was loaded; models are numbered in this order.</summary>
    /// <returns>Watches its decisions.</returns>
    IStepObserver Started(int model, LiveDesign design);

    /// <summary>A request arrives; its stamp is the present instant.</summary>
    void Arrived(int model, Request request);

    void Cancelled(int model, Sequence sequence, Outcome outcome);

    /// <summary>Looking for proposals found some for this sequence while the next plan was made.</summary>
    void Proposed(int model, Sequence sequence);

    /// <summary>The engine has ended the step that runs.</summary>
    void Completing(int model, StepRun run, ReadOnlySpan<StepYield> yields);

    /// <summary>A request left.</summary>
    void Left(int model, Sequence sequence);
}
