@echo off
rem Builds the Release binaries when sources are newer than them, then runs the program with the arguments given.
setlocal
set "ROOT=%~dp0"
where dotnet >nul 2>nul || (echo orrery: the .NET SDK 10.0 is missing; install it from https://dotnet.microsoft.com/download/dotnet/10.0 and run this again 1>&2 & exit /b 2)
if /i "%~1"=="test" (dotnet test "%ROOT%Orrery.slnx" -c Release --nologo & exit /b)
rem The build itself finds out whether anything changed; what it says is shown only when it fails.
if not exist "%ROOT%artifacts" mkdir "%ROOT%artifacts"
if not exist "%ROOT%artifacts\app\orrery.dll" echo orrery: first build, this takes about a minute 1>&2
dotnet publish "%ROOT%src\Cli\Cli.csproj" -c Release -o "%ROOT%artifacts\app" --nologo -v quiet > "%ROOT%artifacts\build.log" 2>&1 || (type "%ROOT%artifacts\build.log" 1>&2 & echo orrery: the build failed 1>&2 & exit /b 3)
set DOTNET_TieredPGO=0
dotnet "%ROOT%artifacts\app\orrery.dll" %*
exit /b %ERRORLEVEL%
