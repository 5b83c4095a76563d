using System.Globalization;
using Microsoft.AspNetCore.Http;
using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

/// <summary>Every error that the gateway itself answers with.</summary>
internal static class Refusals
{
    /// <summary>A full queue moves on within seconds (our choice, d).</summary>
    private const int SoonSeconds = 1;

    public static Refusal Stopping { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "stopping", "The server is stopping; send the request again to another one.", SoonSeconds);

    public static Refusal QueueFull(int queue) => new(
        StatusCodes.Status429TooManyRequests, "queue_full", $"Every upstream is busy and {queue} requests wait already; try again shortly.", SoonSeconds);

    public static Refusal Deadline(Duration deadline) => new(
        StatusCodes.Status503ServiceUnavailable, "queue_deadline", $"No upstream had room within {deadline}; try again later.", SoonSeconds);

    public static Refusal NoUpstream(string model) => new(
        StatusCodes.Status503ServiceUnavailable, "no_upstream", $"No upstream that serves '{model}' is up; try again later.", SoonSeconds);

    public static Refusal Quota(string what, int most, int seconds) => new(
        StatusCodes.Status429TooManyRequests, "quota_exceeded",
        string.Create(CultureInfo.InvariantCulture, $"This key may use {most} {what}; try again in {seconds} s."), seconds);

    public static Refusal Unreachable(string upstream) =>
        new(StatusCodes.Status502BadGateway, "upstream_unreachable", $"The upstream '{upstream}' could not be reached.");

    public static Refusal Status(string upstream, int status) =>
        new(StatusCodes.Status502BadGateway, "upstream_failed", string.Create(CultureInfo.InvariantCulture, $"The upstream '{upstream}' answered {status}."));

    public static Refusal Key(string upstream) =>
        new(StatusCodes.Status502BadGateway, "upstream_key", $"The upstream '{upstream}' does not take the server's key; its operator must set it right.");

    public static Refusal Broken(string upstream) =>
        new(StatusCodes.Status502BadGateway, "upstream_broken", $"The answer of the upstream '{upstream}' broke off.");

    public static Refusal Silent(string upstream, Duration silence) =>
        new(StatusCodes.Status502BadGateway, "upstream_silent", $"The upstream '{upstream}' sent nothing for {silence}.");
}
